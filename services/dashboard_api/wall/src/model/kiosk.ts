/** What a screen that nobody sits at does by itself. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Walls of one building load anew within so long of one another, not all at once. */
export const JITTER_MS = 20 * 60_000;
/** A page that has been dark for so long is not mended by waiting. */
const SILENT_MS = 10 * 60_000;
/** Share of the heap that may be in use. */
const HEAP_SHARE = 0.8;

/**
 * Milliseconds until the planned reload: the next start of `hour` by a clock `zoneOffset` ms ahead
 * of UTC, and somewhat later by chance (`random` in [0, 1)). Never within the first hour, lest a
 * page that was just loaded does it again.
 */
export function untilReload(now: number, hour: number, zoneOffset: number, random: number): number {
  const local = now + zoneOffset;
  const today = Math.floor(local / DAY_MS) * DAY_MS + hour * HOUR_MS;
  const next = today - local > HOUR_MS ? today : today + DAY_MS;
  return next - local + random * JITTER_MS;
}

export interface Health {
  /** Since when the feed has been silent, and now; both of one clock. Null: it is not. */
  silentSince: number | null;
  now: number;
  /** Null where the browser does not tell. */
  heap: { used: number; limit: number } | null;
}

/** Why the page should be loaded anew at once; null where all is well. */
export function complaintOf({ silentSince, now, heap }: Health): 'silent' | 'heap' | null {
  if (heap !== null && heap.used > heap.limit * HEAP_SHARE) return 'heap';
  if (silentSince !== null && now - silentSince > SILENT_MS) return 'silent';
  return null;
}
