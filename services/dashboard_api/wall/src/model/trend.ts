/** A day's line: 144 ten-minute buckets, with holes where nothing was known. */
export const BUCKET_S = 600;
export const BUCKETS = 144;

export interface Series {
  /** Bucket ends in seconds since 1970, evenly spaced, oldest first. */
  ends: number[];
  values: (number | null)[];
}

export interface Span {
  from: number;
  to: number;
}

/**
 * The frame's trend as a line. A merge patch cannot carry null, so an absent bucket is as unknown
 * as one that is null; what is older than a day is left out.
 */
export function toSeries(trend: Readonly<Record<string, number | null>>): Series {
  const byEnd = new Map<number, number | null>();
  for (const [end, value] of Object.entries(trend)) byEnd.set(Date.parse(end) / 1000, value);
  if (byEnd.size === 0) return { ends: [], values: [] };
  const newest = Math.max(...byEnd.keys());
  const ends = Array.from({ length: BUCKETS }, (_, i) => newest - (BUCKETS - 1 - i) * BUCKET_S);
  return { ends, values: ends.map((end) => byEnd.get(end) ?? null) };
}

/** The times of which nothing is known, as they lie between known buckets or at the edges. */
export function unknownSpans(series: Series): Span[] {
  const spans: Span[] = [];
  series.values.forEach((value, i) => {
    const end = series.ends[i];
    if (value !== null || end === undefined) return;
    const last = spans.at(-1);
    if (last !== undefined && last.to === end - BUCKET_S) last.to = end;
    else spans.push({ from: end - BUCKET_S, to: end });
  });
  return spans;
}

/** How far the newest value is from the one `buckets` before it; null when either is unknown. */
export function changeOver(series: Series, buckets: number): number | null {
  const now = series.values.at(-1) ?? null;
  const then = series.values.at(-1 - buckets) ?? null;
  return now === null || then === null ? null : now - then;
}

/** Per bucket, the sum of the absolute changes of all lines; null where none is known. */
export function movement(lines: readonly Series[]): { ends: number[]; values: (number | null)[] } {
  const ends = lines.find((line) => line.ends.length > 0)?.ends ?? [];
  const maps = lines.map((line) => new Map(line.ends.map((end, i) => [end, line.values[i]])));
  const values = ends.map((end) => {
    let sum: number | null = null;
    for (const map of maps) {
      const now = map.get(end);
      const before = map.get(end - BUCKET_S);
      if (typeof now === 'number' && typeof before === 'number') {
        sum = (sum ?? 0) + Math.abs(now - before);
      }
    }
    return sum;
  });
  return { ends, values };
}

/** The value below which `share` of the known ones lie: one outlier must not flatten the rest. */
export function quantile(values: readonly (number | null)[], share: number): number {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known[Math.min(known.length - 1, Math.floor(known.length * share))] ?? 0;
}

/** The smallest range that holds all values with a little air; null for an unknown line. */
export function rangeOf(series: Series): { low: number; high: number } | null {
  const known = series.values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const air = Math.max((high - low) * 0.08, 1);
  return { low: low - air, high: high + air };
}
