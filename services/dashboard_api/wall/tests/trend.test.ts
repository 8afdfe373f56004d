import { describe, expect, it } from 'vitest';
import {
  BUCKET_S,
  BUCKETS,
  changeOver,
  movement,
  quantile,
  rangeOf,
  toSeries,
  unknownSpans,
  type Series,
} from '../src/model/trend';

const END = Date.parse('2026-11-23T06:40:00Z') / 1000;

function at(bucketsAgo: number): string {
  return new Date((END - bucketsAgo * BUCKET_S) * 1000).toISOString();
}

/** A line whose newest bucket is the last of `values`. */
function line(...values: (number | null)[]): Series {
  return toSeries(Object.fromEntries(values.map((v, i) => [at(values.length - 1 - i), v])));
}

describe('a series', () => {
  it('is a whole day of even buckets that ends at the newest', () => {
    const series = line(1, 2);
    expect(series.ends).toHaveLength(BUCKETS);
    expect(series.ends.at(-1)).toBe(END);
    expect(series.values.slice(-3)).toEqual([null, 1, 2]);
  });

  it('takes null and absent alike as unknown, and drops what is older than a day', () => {
    const series = toSeries({ [at(0)]: 5, [at(1)]: null, [at(3)]: 4, [at(BUCKETS)]: 99 });
    expect(series.values.slice(-4)).toEqual([4, null, null, 5]);
    expect(series.values).not.toContain(99);
  });

  it('reads times however they are written', () => {
    expect(toSeries({ '2026-11-23T06:40:00.000000Z': 3 }).values.at(-1)).toBe(3);
  });

  it('of nothing is nothing', () => {
    expect(toSeries({})).toEqual({ ends: [], values: [] });
    expect(rangeOf(toSeries({}))).toBeNull();
  });
});

describe('what is unknown', () => {
  it('is one span for each run of holes', () => {
    const series: Series = {
      ends: [0, 1, 2, 3, 4].map((i) => END + i * BUCKET_S),
      values: [1, null, null, 2, null],
    };
    expect(unknownSpans(series)).toEqual([
      { from: END, to: END + 2 * BUCKET_S },
      { from: END + 3 * BUCKET_S, to: END + 4 * BUCKET_S },
    ]);
  });

  it('makes a change unknown', () => {
    expect(changeOver(line(4, 5, 9), 2)).toBe(5);
    expect(changeOver(line(4, 5, null), 2)).toBeNull();
    expect(changeOver(line(null, 5, 9), 2)).toBeNull();
  });

  it('is not counted as movement', () => {
    const moved = movement([line(1, 4, 4, null, 9), line(2, 1, 5, 6, null)]);
    expect(moved.values.slice(-5)).toEqual([null, 4, 4, 1, null]);
  });
});

describe('the range of a line', () => {
  it('holds every value with air, also when the line is flat', () => {
    const range = rangeOf(line(5, 5, 5));
    expect(range).toEqual({ low: 4, high: 6 });
  });
});

describe('quantile', () => {
  it('is not moved by one outlier', () => {
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000], 0.8)).toBe(9);
    expect(quantile([null], 0.5)).toBe(0);
  });
});
