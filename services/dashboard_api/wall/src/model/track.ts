/** The track of the replay bar: which stretch of time it spans, and where one gets on it. */
import { DAY, HOUR, MINUTE } from './axis';
import { BUCKET_S } from './trend';

export type SpanName = 'week' | 'day';

export interface Track {
  from: number;
  to: number;
}

export interface Tick {
  at: number;
  /** A midnight: a day begins. */
  day: boolean;
}

const SPANS_MS: Record<SpanName, number> = { week: 7 * DAY, day: DAY };
const STEPS_MS: Record<SpanName, { small: number; large: number }> = {
  week: { small: 10 * MINUTE, large: HOUR },
  day: { small: MINUTE, large: 10 * MINUTE },
};
const BUCKET_MS = BUCKET_S * 1000;

/**
 * The stretch up to the newest moment, rounded up to ten minutes so that it stands still in
 * between. A moment before it is put in the middle of its own stretch.
 */
export function trackOf(newest: number, moment: number | null, span: SpanName): Track {
  const length = SPANS_MS[span];
  const end = Math.ceil(newest / BUCKET_MS) * BUCKET_MS;
  if (moment === null || moment >= end - length) return { from: end - length, to: end };
  const from = Math.floor((moment - length / 2) / BUCKET_MS) * BUCKET_MS;
  return { from, to: from + length };
}

/** 0 at the left end, 1 at the right. */
export function fractionOf(track: Track, moment: number): number {
  return Math.min(1, Math.max(0, (moment - track.from) / (track.to - track.from)));
}

/** The whole second at a fraction of the track, not later than the newest moment. */
export function momentAt(track: Track, fraction: number, newest: number): number {
  const inside = Math.min(1, Math.max(0, fraction));
  const moment = track.from + inside * (track.to - track.from);
  return Math.floor(Math.min(moment, newest) / 1000) * 1000;
}

/** Where a key leads from a moment; null for a key that leads nowhere. */
export function stepped(
  key: string,
  large: boolean,
  moment: number,
  track: Track,
  newest: number,
  span: SpanName,
): number | null {
  const step = large ? STEPS_MS[span].large : STEPS_MS[span].small;
  const to: Record<string, number> = {
    ArrowLeft: moment - step,
    ArrowRight: moment + step,
    PageUp: moment - DAY,
    PageDown: moment + DAY,
    Home: track.from,
    End: newest,
  };
  const target = to[key];
  return target === undefined ? null : Math.floor(Math.min(target, newest) / 1000) * 1000;
}

/** Midnights, and in a day every third hour, by a zone `zoneOffset` ms ahead of UTC. */
export function ticksOf(track: Track, span: SpanName, zoneOffset: number): Tick[] {
  const step = span === 'week' ? DAY : 3 * HOUR;
  const ticks: Tick[] = [];
  const first = Math.ceil((track.from + zoneOffset) / step) * step - zoneOffset;
  for (let at = first; at <= track.to; at += step) {
    ticks.push({ at, day: (at + zoneOffset) % DAY === 0 });
  }
  return ticks;
}

/** The midnights that the track holds up to the newest moment: each ends a day to be marked. */
export function midnightsOf(track: Track, newest: number, zoneOffset: number): number[] {
  return ticksOf({ from: track.from, to: Math.min(track.to, newest) }, 'week', zoneOffset).map(
    (tick) => tick.at,
  );
}

export interface Mark {
  from: number;
  to: number;
  /** How much changed; null: nothing is known. */
  value: number | null;
}

/** The changes by bucket end (seconds) gathered into marks as wide as can be seen. */
export function marksOf(
  track: Track,
  span: SpanName,
  changes: ReadonlyMap<number, number | null>,
  newest: number,
): Mark[] {
  const width = span === 'week' ? HOUR : BUCKET_MS;
  const marks: Mark[] = [];
  for (let from = track.from; from < Math.min(track.to, newest); from += width) {
    let value: number | null = null;
    for (let end = from + BUCKET_MS; end <= from + width; end += BUCKET_MS) {
      const change = changes.get(end / 1000);
      if (typeof change === 'number') value = (value ?? 0) + change;
    }
    marks.push({ from, to: from + width, value });
  }
  return marks;
}

/** A moment as the address and the server write it. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
