import { describe, expect, it } from 'vitest';
import { complaintOf, JITTER_MS, untilReload } from '../src/model/kiosk';
import { parseSetting, profileOf, scaleOf } from '../src/model/setting';
import { isExpired, isFirm, isStale, trustOf } from '../src/model/trust';

const HOUR = 3_600_000;
const ZONE = 8 * HOUR;

describe('how a wall is put up', () => {
  it('stands in its address', () => {
    const setting = parseSetting('?profile=county&kiosk=1&distance=far&reload=3');
    expect(setting).toEqual({ profile: 'county', kiosk: true, distance: 'far', reloadHour: 3 });
    expect(scaleOf(setting)).toBeGreaterThan(1);
  });

  it('is the default where nothing or nonsense stands', () => {
    const plain = { profile: null, kiosk: false, distance: 'normal', reloadHour: 4 };
    expect(parseSetting('')).toEqual(plain);
    expect(parseSetting('?profile=moon&kiosk=yes&distance=9&reload=25')).toEqual(plain);
    expect(scaleOf(parseSetting(''))).toBe(1);
  });

  it('follows the organisation in view unless it is told', () => {
    expect(profileOf(parseSetting(''), 'station')).toBe('county');
    expect(profileOf(parseSetting(''), 'city')).toBe('city');
    expect(profileOf(parseSetting('?profile=province'), 'city')).toBe('province');
  });
});

describe('a kiosk', () => {
  const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`);

  it('loads itself anew in the next night, somewhat later by chance', () => {
    // 14:00 in Shanghai; 4:00 there is 20:00 UTC.
    expect(untilReload(at('06:00:00'), 4, ZONE, 0)).toBe(14 * HOUR);
    const late = untilReload(at('06:00:00'), 4, ZONE, 0.999);
    expect(late).toBeGreaterThan(14 * HOUR);
    expect(late).toBeLessThan(14 * HOUR + JITTER_MS);
  });

  it('does not do it again in the hour in which it did', () => {
    expect(untilReload(at('20:05:00'), 4, ZONE, 0)).toBeGreaterThan(23 * HOUR);
    expect(untilReload(at('19:59:00'), 4, ZONE, 0)).toBeGreaterThan(23 * HOUR);
  });

  it('complains of a full heap and of a long silence, not of a short one', () => {
    const heap = { used: 10, limit: 100 };
    expect(complaintOf({ silentSince: null, now: 0, heap })).toBeNull();
    expect(complaintOf({ silentSince: 0, now: 60_000, heap: null })).toBeNull();
    expect(complaintOf({ silentSince: 0, now: 11 * 60_000, heap })).toBe('silent');
    expect(complaintOf({ silentSince: null, now: 0, heap: { used: 90, limit: 100 } })).toBe('heap');
  });
});

describe('trust', () => {
  const cut = (s: number): { phase: 'waiting'; asOf: number; serverNow: number } => ({
    phase: 'waiting',
    asOf: 0,
    serverNow: s * 1000,
  });

  it('turns to stale after half a minute and is gone after five', () => {
    expect(trustOf(cut(20))).toBe('reconnecting');
    expect(trustOf(cut(31))).toBe('stale');
    expect([isStale(cut(31)), isExpired(cut(31))]).toEqual([true, false]);
    expect(isExpired(cut(301))).toBe(true);
  });

  it('is firm for the present and for a named moment alone', () => {
    const pictures = ['live', 'history', 'replay', 'stale', 'reconnecting', 'stopped'] as const;
    expect(pictures.filter(isFirm)).toEqual(['live', 'history', 'replay']);
  });
});
