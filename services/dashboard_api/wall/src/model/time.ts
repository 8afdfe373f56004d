/** Times and ages as the wall writes them. All moments are milliseconds since 1970. */
import type { Lang } from './route';

export interface Clock {
  /** 2026-11-23 14:32:08 */
  full(ms: number): string;
  /** 11-23 14:32:08 */
  short(ms: number): string;
  /** 14:32:08 */
  time(ms: number): string;
  /** 14:32 */
  minute(ms: number): string;
  /** 11-23 */
  day(ms: number): string;
}

/** Writes moments in one time zone, whatever zone the screen's computer is set to. */
export function clockOf(timeZone: string): Clock {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const parts = (ms: number): Record<string, string> =>
    Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
  const day = (p: Record<string, string>): string => `${p['month']}-${p['day']}`;
  const minute = (p: Record<string, string>): string => `${p['hour']}:${p['minute']}`;
  return {
    full: (ms) => {
      const p = parts(ms);
      return `${p['year']}-${day(p)} ${minute(p)}:${p['second']}`;
    },
    short: (ms) => {
      const p = parts(ms);
      return `${day(p)} ${minute(p)}:${p['second']}`;
    },
    time: (ms) => {
      const p = parts(ms);
      return `${minute(p)}:${p['second']}`;
    },
    minute: (ms) => minute(parts(ms)),
    day: (ms) => day(parts(ms)),
  };
}

const UNITS: Record<Lang, [day: string, hour: string, minute: string, second: string]> = {
  zh: [' 天', ' 时', ' 分', ' 秒'],
  en: [' d', ' h', ' min', ' s'],
};

/** An age with its one or two greatest units: 0.4 秒, 12 秒, 3 分, 2 时 5 分, 4 天. */
export function formatAge(ms: number, lang: Lang): string {
  const [day, hour, minute, second] = UNITS[lang];
  const s = Math.max(0, ms / 1000);
  if (s < 9.95) return `${s.toFixed(1)}${second}`;
  if (s < 60) return `${Math.floor(s)}${second}`;
  if (s < 3600) return `${Math.floor(s / 60)}${minute}`;
  if (s < 86_400) {
    const minutes = Math.floor((s % 3600) / 60);
    return `${Math.floor(s / 3600)}${hour}${minutes === 0 ? '' : ` ${minutes}${minute}`}`;
  }
  return `${Math.floor(s / 86_400)}${day}`;
}

const THOUSANDS = new Intl.NumberFormat('en-US');

export function formatCount(n: number): string {
  return THOUSANDS.format(n);
}

/** +12, −3, ±0: with a true minus sign, as wide as the plus. */
export function formatChange(n: number): string {
  if (n === 0) return '±0';
  return `${n > 0 ? '+' : '−'}${THOUSANDS.format(Math.abs(n))}`;
}
