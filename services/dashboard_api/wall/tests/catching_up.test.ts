import { describe, expect, it } from 'vitest';
import { catchingUp, hear, type Heard } from '../src/model/catching_up';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const HOUR = 3_600_000;

/** Heard each second; each time so much further. */
function coming(from: number, step: number, seconds: number): readonly Heard[] {
  let heard: readonly Heard[] = [];
  for (let n = 0; n <= seconds; n += 1) {
    heard = hear(heard, { org: 'city', at: NOW + n * 1000, newest: from + n * step });
  }
  return heard;
}

describe('what is owed', () => {
  it('is told with the time that it will take', () => {
    const heard = coming(NOW - 10 * HOUR, HOUR / 10, 40);
    const left = catchingUp(heard, NOW + 40_000)?.leftMs;
    expect(left).toBeGreaterThan(59_000);
    expect(left).toBeLessThan(62_000);
  });

  it('is told without a time while the look at it is short', () => {
    const heard = coming(NOW - 10 * HOUR, HOUR / 10, 29);
    expect(catchingUp(heard, NOW + 29_000)).toEqual({ leftMs: null });
  });

  it('is nothing where facts come as they happen', () => {
    expect(catchingUp(coming(NOW - 1000, 1000, 20), NOW + 20_000)).toBeNull();
  });

  it('is not told of a source that is always as late', () => {
    expect(catchingUp(coming(NOW - HOUR, 1000, 20), NOW + 20_000)).toBeNull();
  });

  it('is not told before it was seen for a while, nor when it has stopped', () => {
    const heard = coming(NOW - 10 * HOUR, HOUR / 10, 4);
    expect(catchingUp(heard.slice(0, 2), NOW + 1000)).toBeNull();
    expect(catchingUp(heard, NOW + 4_000)).not.toBeNull();
    expect(catchingUp(heard, NOW + 20_000)).toBeNull();
    expect(catchingUp([], NOW)).toBeNull();
  });

  it('is not told of another place that is only less behind', () => {
    const heard = coming(NOW - 10 * HOUR, 1000, 10);
    const elsewhere = { org: 'province', at: NOW + 11_000, newest: NOW - HOUR };
    expect(hear(heard, elsewhere)).toEqual([elsewhere]);
    expect(catchingUp(hear(heard, elsewhere), NOW + 11_000)).toBeNull();
  });

  it('goes by the last minute and a half alone', () => {
    const heard = coming(NOW - 10 * HOUR, HOUR / 100, 120);
    expect(heard.length).toBeLessThanOrEqual(91);
  });
});
