/**
 * A source that lags sends what it owes: facts of earlier times come in faster than time goes.
 * That is neither silence nor the present, and the screen says so. Times are milliseconds.
 */

export interface Heard {
  /** The organisation in view. */
  org: string;
  /** When the screen heard of it. */
  at: number;
  /** When the newest fact was received. */
  newest: number;
}

export interface CatchingUp {
  /** Until the present is reached, as it goes now; null: too short a look to tell. */
  leftMs: number | null;
}

/** So far behind is more than one frame that came late. */
const BEHIND_MS = 60_000;
/** Nothing heard for so long: it has stopped. */
const STALLED_MS = 15_000;
const SEEN_FOR_MS = 3_000;
/** Before, sources that begin one after another make the pace of all a guess. */
const TIMED_FOR_MS = 30_000;
const FASTER = 5;
const KEPT_MS = 90_000;

/** What was heard lately of the same organisation, and this. */
export function hear(before: readonly Heard[], now: Heard): readonly Heard[] {
  const last = before.at(-1);
  if (last?.org !== now.org) return [now];
  if (now.newest <= last.newest) return before;
  return [...before.filter(({ at }) => now.at - at < KEPT_MS), now];
}

/** Whether what was owed is coming in, and how long it will take; null: nothing is owed. */
export function catchingUp(heard: readonly Heard[], now: number): CatchingUp | null {
  const [first, last] = [heard[0], heard.at(-1)];
  if (first === undefined || last === undefined) return null;
  const behind = now - last.newest;
  const seen = last.at - first.at;
  if (behind < BEHIND_MS || seen < SEEN_FOR_MS || now - last.at > STALLED_MS) return null;
  const rate = (last.newest - first.newest) / seen;
  if (rate < FASTER) return null;
  return { leftMs: seen < TIMED_FOR_MS ? null : behind / (rate - 1) };
}
