import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../src/model/axis';
import {
  fractionOf,
  isoOf,
  marksOf,
  midnightsOf,
  momentAt,
  stepped,
  ticksOf,
  trackOf,
} from '../src/model/track';

const ZONE = 8 * HOUR;
const NOW = Date.parse('2026-11-23T06:32:08Z');

describe('the track', () => {
  it('ends with the ten minutes that hold the newest moment and stands still within them', () => {
    const track = trackOf(NOW, null, 'week');
    expect(isoOf(track.to)).toBe('2026-11-23T06:40:00Z');
    expect(track.to - track.from).toBe(7 * DAY);
    expect(trackOf(NOW + MINUTE, null, 'week')).toEqual(track);
  });

  it('stays while the moment lies on it, and goes where it lies else', () => {
    expect(trackOf(NOW, NOW - 3 * DAY, 'week')).toEqual(trackOf(NOW, null, 'week'));
    const old = trackOf(NOW, NOW - 40 * DAY, 'day');
    expect(fractionOf(old, NOW - 40 * DAY)).toBeCloseTo(0.5, 2);
    expect(old.to - old.from).toBe(DAY);
  });

  it('gives the whole second at a place, not later than the newest', () => {
    const track = trackOf(NOW, null, 'day');
    expect(momentAt(track, 0, NOW)).toBe(track.from);
    expect(momentAt(track, 1, NOW)).toBe(NOW);
    expect(momentAt(track, -3, NOW)).toBe(track.from);
    expect(momentAt(track, 1 / 3, NOW) % 1000).toBe(0);
  });

  it('marks the midnights of the zone', () => {
    const days = ticksOf(trackOf(NOW, null, 'week'), 'week', ZONE);
    expect(days).toHaveLength(7);
    expect(days.every((tick) => tick.day)).toBe(true);
    expect(isoOf(days[0]?.at ?? 0)).toBe('2026-11-16T16:00:00Z');
    const hours = ticksOf(trackOf(NOW, null, 'day'), 'day', ZONE);
    expect(hours).toHaveLength(8);
    expect(hours.filter((tick) => tick.day)).toHaveLength(1);
  });

  it('knows the days that are over', () => {
    const track = trackOf(NOW, null, 'week');
    expect(midnightsOf(track, NOW, ZONE)).toHaveLength(7);
    expect(midnightsOf(track, track.from, ZONE)).toHaveLength(0);
  });
});

describe('a key', () => {
  const track = trackOf(NOW, null, 'week');
  const at = NOW - DAY;
  const to = (key: string, large = false, span: 'week' | 'day' = 'week'): number | null =>
    stepped(key, large, at, track, NOW, span);

  it('steps, further with Shift and finer in a day', () => {
    expect(to('ArrowLeft')).toBe(at - 10 * MINUTE);
    expect(to('ArrowRight', true)).toBe(at + HOUR);
    expect(to('ArrowRight', false, 'day')).toBe(at + MINUTE);
    expect(to('PageUp')).toBe(at - DAY);
  });

  it('goes to the ends, and never beyond the newest', () => {
    expect(to('Home')).toBe(track.from);
    expect(to('End')).toBe(NOW);
    expect(to('PageDown')).toBe(NOW);
    expect(stepped('ArrowRight', true, NOW, track, NOW, 'week')).toBe(NOW);
  });

  it('may mean nothing here', () => {
    expect(to('x')).toBeNull();
    expect(to('ArrowUp')).toBeNull();
  });
});

describe('marks', () => {
  it('gather an hour, and are unknown only where all of it is', () => {
    const track = { from: 0, to: 7 * DAY };
    const changes = new Map<number, number | null>([
      [600, 3],
      [1200, null],
      [3600, 4],
      [7200, null],
    ]);
    const marks = marksOf(track, 'week', changes, 3 * HOUR);
    expect(marks.map((mark) => mark.value)).toEqual([7, null, null]);
  });
});
