/** The two clocks of a person as the wall draws them. */
import type { Clocks } from './things';

export interface Reading {
  /** Share of the legal limit that is used up, 0 to 1; null where the limit is not known. */
  legal: number | null;
  /** Share of the same limit spent in the area, 0 to 1. */
  inArea: number | null;
  over: boolean;
  leftS: number | null;
  usedS: number | null;
  limitS: number | null;
  inAreaS: number | null;
}

export function readingOf(clocks: Clocks): Reading {
  const { legal, in_area: area } = clocks;
  const limitS = legal?.limit_s ?? null;
  const usedS = legal?.used_s ?? null;
  const inAreaS = area?.used_s ?? null;
  const share = (seconds: number | null): number | null =>
    seconds === null || limitS === null || limitS <= 0 ? null : Math.min(1, seconds / limitS);
  const leftS = legal?.left_s ?? null;
  return {
    legal: share(usedS),
    inArea: share(inAreaS),
    over: leftS !== null && leftS < 0,
    leftS,
    usedS,
    limitS,
    inAreaS,
  };
}

/** 3:22, 12:00: hours and minutes, without a sign. */
export function hoursOf(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

export interface Stretch {
  /** Shares of the limit. */
  from: number;
  to: number;
  /** Time that does not count. */
  excluded: boolean;
}

/**
 * The legal clock as a bar from its start: what counted and what was excluded, one after the
 * other. `scale` is how much time the whole bar stands for.
 */
export function stretchesOf(clocks: Clocks, now: number): { stretches: Stretch[]; scaleS: number } {
  const { legal } = clocks;
  const start = legal?.started_at == null ? null : Date.parse(legal.started_at);
  if (legal == null || start === null || legal.used_s === null) return { stretches: [], scaleS: 0 };
  const away = legal.excluded
    .filter((one) => one.basis !== null)
    .map((one) => [Date.parse(one.from), one.to === null ? now : Date.parse(one.to)] as const)
    .filter(([from, to]) => from < now && to > start)
    .sort(([a], [b]) => a - b);
  const awayS = away.reduce(
    (sum, [from, to]) => sum + (Math.min(to, now) - Math.max(from, start)) / 1000,
    0,
  );
  const endS = legal.used_s + awayS;
  const scaleS = Math.max(endS, (legal.limit_s ?? endS) + awayS, 1);
  const stretches: Stretch[] = [];
  let at = 0;
  const add = (to: number, excluded: boolean): void => {
    if (to > at) stretches.push({ from: at / scaleS, to: to / scaleS, excluded });
    at = Math.max(at, to);
  };
  for (const [from, to] of away) {
    add(Math.max(0, (from - start) / 1000), false);
    add(Math.min(endS, (to - start) / 1000), true);
  }
  add(endS, false);
  return { stretches, scaleS };
}
