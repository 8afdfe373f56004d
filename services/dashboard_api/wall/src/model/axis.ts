/** A stretch of time as fractions from left to right, and round moments to mark on it. */
export interface Axis {
  from: number;
  to: number;
  /** 0 at the left end, 1 at the right; not clamped. */
  at(ms: number): number;
  ticks: number[];
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const STEPS = [
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

/**
 * An axis that holds both moments, with at most `most` ticks. `zoneOffset` (ms) places the ticks
 * on the full hours and midnights of the wall's own time zone.
 */
export function axisOf(from: number, to: number, most: number, zoneOffset: number): Axis {
  const span = Math.max(to - from, 10 * MINUTE);
  const step = STEPS.find((s) => span / s <= most) ?? 365 * DAY;
  const end = from + span;
  const ticks: number[] = [];
  const first = Math.ceil((from + zoneOffset) / step) * step - zoneOffset;
  for (let t = first; t <= end; t += step) ticks.push(t);
  return { from, to: end, at: (ms) => (ms - from) / span, ticks };
}

/** How many milliseconds the zone's clock is ahead of UTC at a moment. */
export function zoneOffsetMs(timeZone: string, ms: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    timeZoneName: 'longOffset',
  }).formatToParts(ms);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (match === null) return 0;
  const [, sign, hours, minutes] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * MINUTE);
}

/** The moment that a zone's clock writes as `2026-11-23T14:32:08`; null where it is no moment. */
export function momentOf(timeZone: string, written: string): number | null {
  const told = Date.parse(`${written}Z`);
  if (Number.isNaN(told)) return null;
  // The offset at the moment itself, which beside a change of summer time is not that of `told`.
  const near = told - zoneOffsetMs(timeZone, told);
  return told - zoneOffsetMs(timeZone, near);
}
