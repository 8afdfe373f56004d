import { describe, expect, it } from 'vitest';
import { hoursOf, readingOf, stretchesOf } from '../src/model/clocks';
import type { Clocks, LegalClock } from '../src/model/things';

const H = 3600;
const NOW = Date.parse('2026-11-23T10:00:00Z');

function clocks(legal: Partial<LegalClock> | null, usedS: number | null = 2 * H): Clocks {
  return {
    legal: legal && {
      measure: '询问查证',
      basis: '治97',
      started_at: '2026-11-23T06:00:00Z',
      limit_s: 8 * H,
      used_s: 3 * H,
      left_s: 5 * H,
      due_at: null,
      excluded: [],
      ...legal,
    },
    in_area: { entered_at: null, left_at: null, used_s: usedS, out: [] },
  };
}

describe('the two clocks', () => {
  it('are shares of the legal limit', () => {
    expect(readingOf(clocks({}))).toMatchObject({ legal: 0.375, inArea: 0.25, over: false });
  });

  it('are full, not more, once the time is over', () => {
    const reading = readingOf(clocks({ used_s: 9 * H, left_s: -H }));
    expect(reading).toMatchObject({ legal: 1, over: true, leftS: -H });
  });

  it('say nothing where nothing is known', () => {
    const unknown = readingOf(clocks({ limit_s: null, left_s: null }, null));
    expect(unknown).toMatchObject({ legal: null, inArea: null, over: false, leftS: null });
    expect(readingOf(clocks(null)).legal).toBeNull();
  });

  it('are written in hours and minutes', () => {
    expect(hoursOf(3 * H + 22 * 60 + 59)).toBe('3:22');
    expect(hoursOf(-360)).toBe('0:06');
    expect(hoursOf(48 * H)).toBe('48:00');
  });
});

describe('the bar of the legal clock', () => {
  it('shows what did not count where it was', () => {
    const excluded = [
      {
        from: '2026-11-23T07:00:00Z',
        to: '2026-11-23T08:00:00Z',
        reason: '醉酒约束',
        basis: '行规58',
      },
    ];
    const { stretches, scaleS } = stretchesOf(clocks({ excluded }), NOW);
    expect(scaleS).toBe(9 * H);
    expect(stretches).toEqual([
      { from: 0, to: 1 / 9, excluded: false },
      { from: 1 / 9, to: 2 / 9, excluded: true },
      { from: 2 / 9, to: 4 / 9, excluded: false },
    ]);
  });

  it('lets count what the law does not exclude', () => {
    const excluded = [{ from: '2026-11-23T07:00:00Z', to: null, reason: '午休', basis: null }];
    expect(stretchesOf(clocks({ excluded }), NOW).stretches).toHaveLength(1);
  });

  it('is empty before anything is known', () => {
    expect(stretchesOf(clocks({ started_at: null }), NOW).stretches).toEqual([]);
    expect(stretchesOf(clocks(null), NOW).stretches).toEqual([]);
  });
});
