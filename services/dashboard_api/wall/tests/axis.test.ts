import { describe, expect, it } from 'vitest';
import { axisOf, momentOf, zoneOffsetMs } from '../src/model/axis';
import { clockOf } from '../src/model/time';

describe('an axis', () => {
  const HOUR = 3_600_000;

  it('marks round moments of the zone', () => {
    const from = Date.parse('2026-11-23T01:10:00Z');
    const axis = axisOf(from, from + 8 * HOUR, 8, 8 * HOUR);
    expect(axis.ticks[0]).toBe(Date.parse('2026-11-23T02:00:00Z'));
    expect(axis.ticks).toHaveLength(8);
    expect(axis.at(from)).toBe(0);
    expect(axis.at(from + 8 * HOUR)).toBe(1);
  });

  it('puts days at the midnights of the zone', () => {
    const from = Date.parse('2026-11-20T00:00:00Z');
    const axis = axisOf(from, from + 100 * HOUR, 8, 8 * HOUR);
    expect(axis.ticks.some((tick) => tick === Date.parse('2026-11-20T16:00:00Z'))).toBe(true);
  });

  it('has some width even for a single moment', () => {
    expect(axisOf(0, 0, 8, 0).at(300_000)).toBe(0.5);
  });

  it('knows how far a zone is ahead', () => {
    expect(zoneOffsetMs('Asia/Shanghai', 0)).toBe(8 * HOUR);
    expect(zoneOffsetMs('UTC', 0)).toBe(0);
    expect(zoneOffsetMs('America/New_York', Date.parse('2026-01-01T00:00:00Z'))).toBe(-5 * HOUR);
  });

  it('reads what the clock of a zone writes, on both sides of a change of summer time', () => {
    const moments = ['2026-11-24T12:09:32Z', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'];
    for (const moment of moments.map((text) => Date.parse(text))) {
      for (const zone of ['Asia/Shanghai', 'Europe/Rome']) {
        expect(momentOf(zone, clockOf(zone).full(moment).replace(' ', 'T'))).toBe(moment);
      }
    }
    expect(momentOf('UTC', 'yesterday')).toBeNull();
  });
});
