import { describe, expect, it } from 'vitest';
import {
  allDark,
  byCity,
  newestReceived,
  sourceFor,
  tally,
  troubled,
} from '../src/model/freshness';
import { crosses, layOut, leadEnd, overlap, type Anchor } from '../src/model/labels';
import { maskId } from '../src/model/mask';
import { Organisations, shortName, type Organisation } from '../src/model/organisations';
import { fillOf, niceTop } from '../src/model/scale';
import { caseOf, gist, spansOf, fieldText, type FactEvent } from '../src/model/things';
import { clockOf, formatAge, formatChange, formatCount } from '../src/model/time';
import { isStale, trustOf } from '../src/model/trust';
import type { FreshnessFrame, Source } from '../src/protocol/frames';

const T = '2026-11-23T06:32:08.000000Z';

function source(state: Source['state'], received: string | null, missing = 0): Source {
  return {
    state,
    last_received_at: received,
    last_occurred_at: received,
    lag_s: null,
    missing,
  };
}

function freshness(sources: Record<string, Source>): FreshnessFrame {
  return { panel: 'freshness', org: '350000000000', as_of: T, counts: {}, sources };
}

describe('freshness', () => {
  const frame = freshness({
    '350102000000': source('fresh', '2026-11-23T06:32:07Z'),
    '350100000000': source('fresh', '2026-11-23T06:32:06Z', 37),
    '350203000000': source('late', '2026-11-23T06:20:00Z'),
    '350526000000': source('silent', '2026-11-23T04:00:00Z'),
    '350527000000': source('silent', '2026-11-23T02:00:00Z'),
    '350825000000': source('never', null),
  });

  it('counts silent and never heard of as one, and adds up what is missing', () => {
    expect(tally(frame)).toEqual({ total: 6, fresh: 2, late: 1, silent: 3, missing: 37 });
  });

  it('puts the longest silent first and leaves the sound ones out', () => {
    expect(troubled(frame).map((row) => row.code)).toEqual([
      '350527000000',
      '350526000000',
      '350825000000',
      '350203000000',
      '350100000000',
    ]);
  });

  it('groups by city, the city itself first', () => {
    expect([...byCity(frame).keys()]).toEqual(['3501', '3502', '3505', '3508']);
    expect(byCity(frame).get('3501')?.[0]?.code).toBe('350100000000');
  });

  it('knows the newest fact', () => {
    expect(newestReceived(frame)).toBe('2026-11-23T06:32:07Z');
    expect(newestReceived(freshness({}))).toBeNull();
  });

  it('has a source for a county only of its own, where counties send for themselves', () => {
    expect(sourceFor(frame, '350203500000')?.state).toBe('late');
    expect(sourceFor(frame, '350199000000')).toBeUndefined();
    expect(sourceFor(frame, '350100000000')?.missing).toBe(37);
  });

  it('has the one source of a force for all of its parts', () => {
    const one = freshness({ '360000000000': source('fresh', T) });
    expect(sourceFor(one, '360101000000')?.state).toBe('fresh');
  });

  it('is all dark only when no source can be believed', () => {
    expect(allDark(frame)).toBe(false);
    expect(allDark(freshness({ a: source('silent', T), b: source('never', null) }))).toBe(true);
  });
});

describe('trust', () => {
  it('is live while connected and the data is of now', () => {
    expect(trustOf({ phase: 'live', asOf: 1000, serverNow: 5000 })).toBe('live');
  });

  it('is stale beyond thirty seconds, connected or not', () => {
    expect(isStale({ phase: 'live', asOf: 0, serverNow: 30_000 })).toBe(false);
    expect(trustOf({ phase: 'live', asOf: 0, serverNow: 30_001 })).toBe('stale');
    expect(trustOf({ phase: 'waiting', asOf: 0, serverNow: 30_001 })).toBe('stale');
  });

  it('says that it reconnects, connects or has stopped', () => {
    expect(trustOf({ phase: 'connecting', asOf: 0, serverNow: 1000 })).toBe('reconnecting');
    expect(trustOf({ phase: 'connecting', asOf: null, serverNow: 0 })).toBe('connecting');
    expect(trustOf({ phase: 'stopped', asOf: 0, serverNow: 0 })).toBe('stopped');
  });
});

describe('organisations', () => {
  const org = (
    code: string,
    name: string,
    level: Organisation['level'],
    parent: string | null,
  ): Organisation => ({ code, name, level, parent, lon: 0, lat: 0 });
  const all = [
    org('350000000000', '福建省', 'province', null),
    org('350200000000', '厦门市', 'city', '350000000000'),
    org('350203000000', '思明区', 'county', '350200000000'),
    org('350203500000', '中华派出所', 'station', '350203000000'),
  ];

  it('knows the way from the root to any of them', () => {
    const tree = new Organisations(all);
    expect(tree.root.code).toBe('350000000000');
    expect(tree.path('350203500000').map((step) => step.name)).toEqual([
      '福建省',
      '厦门市',
      '思明区',
      '中华派出所',
    ]);
    expect(tree.at('350203500000', 'city')?.name).toBe('厦门市');
  });

  it('takes the highest that the token sees as root', () => {
    expect(new Organisations(all.slice(1)).root.code).toBe('350200000000');
    expect(() => new Organisations([])).toThrow('no organisation');
  });

  it('has scopes that are prefixes, and counts within them', () => {
    const tree = new Organisations(all);
    expect(all.map((o) => tree.scope(o.code))).toEqual(['35', '3502', '350203', '350203500000']);
    expect(tree.count('350200000000', 'station')).toBe(1);
    expect(tree.count('350200000000', 'city')).toBe(1);
  });

  it('shortens the names of cities only', () => {
    expect(all.map(shortName)).toEqual(['福建省', '厦门', '思明区', '中华派出所']);
  });
});

describe('masking', () => {
  it('leaves a letter and four digits of a person', () => {
    expect(maskId('person', 'R3501020000002026110934')).toBe('R******0934');
  });

  it('never shows a short person number whole', () => {
    expect(maskId('person', 'R123')).toBe('R******');
    expect(maskId('person', '1234')).toBe('******');
  });

  it('shortens other numbers in the middle', () => {
    expect(maskId('case', 'A3509255000002026110117')).toBe('A3509…0117');
    expect(maskId('place', 'F-2')).toBe('F-2');
  });
});

describe('times and numbers', () => {
  it('are written in the zone that is asked for', () => {
    const clock = clockOf('Asia/Shanghai');
    const midnight = Date.parse('2026-11-22T16:00:00Z');
    expect(clock.full(midnight)).toBe('2026-11-23 00:00:00');
    expect(clock.short(midnight + 1000)).toBe('11-23 00:00:01');
    expect(clock.minute(midnight)).toBe('00:00');
    expect(clock.day(midnight)).toBe('11-23');
    expect(clock.time(midnight)).toBe('00:00:00');
  });

  it('have ages of one or two units', () => {
    const ages = [400, 12_000, 200_000, 7_500_000, 7_200_000, 4 * 86_400_000, -5];
    expect(ages.map((ms) => formatAge(ms, 'zh'))).toEqual([
      '0.4 秒',
      '12 秒',
      '3 分',
      '2 时 5 分',
      '2 时',
      '4 天',
      '0.0 秒',
    ]);
    expect(formatAge(7_500_000, 'en')).toBe('2 h 5 min');
  });

  it('have thousands and a true minus', () => {
    expect(formatCount(41286)).toBe('41,286');
    expect([12, -3, 0].map(formatChange)).toEqual(['+12', '−3', '±0']);
  });
});

describe('the scale of the map', () => {
  it('runs from the one tone to the other and no further', () => {
    expect(fillOf(0, 30)).toBe('rgb(19 32 43)');
    expect(fillOf(30, 30)).toBe('rgb(26 58 82)');
    expect(fillOf(99, 30)).toBe('rgb(26 58 82)');
    expect(fillOf(0, 0)).toBe('rgb(19 32 43)');
  });

  it('ends at a round number', () => {
    expect([0, 1, 4, 24, 60, 151, 900].map((n) => niceTop([n]))).toEqual([
      1, 1, 5, 30, 100, 200, 1000,
    ]);
  });
});

describe('labels', () => {
  const area = { width: 800, height: 600 };
  // A crowd in the middle, as the districts of a city are.
  const crowd: Anchor[] = Array.from({ length: 14 }, (_, i) => ({
    key: String(i),
    x: 400 + (i % 4) * 14,
    y: 300 + Math.floor(i / 4) * 11,
    width: 62,
    height: 40,
  }));

  it('never overlap, never leave the area, and none is lost', () => {
    const boxes = layOut(crowd, area);
    expect(boxes).toHaveLength(crowd.length);
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1)) expect(overlap(a, b)).toBe(false);
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.y).toBeGreaterThanOrEqual(0);
      expect(a.x + a.width).toBeLessThanOrEqual(area.width);
      expect(a.y + a.height).toBeLessThanOrEqual(area.height);
    });
  });

  it('have no line across a name where there is room', () => {
    const few = crowd.slice(0, 6);
    const boxes = layOut(few, area);
    for (const box of boxes) {
      const { lead } = box;
      if (lead === null) continue;
      for (const other of boxes) {
        if (other !== box) expect(crosses(lead, leadEnd(lead, box), other)).toBe(false);
      }
    }
  });

  it('stand on their place when alone', () => {
    const alone: Anchor = { key: 'a', x: 100, y: 100, width: 60, height: 40 };
    expect(layOut([alone], area)).toEqual([
      { key: 'a', x: 70, y: 80, width: 60, height: 40, lead: null },
    ]);
  });

  it('know when a line crosses a box', () => {
    const box = { x: 10, y: 10, width: 10, height: 10 };
    expect(crosses({ x: 0, y: 15 }, { x: 30, y: 15 }, box)).toBe(true);
    expect(crosses({ x: 0, y: 0 }, { x: 30, y: 5 }, box)).toBe(false);
    expect(crosses({ x: 0, y: 15 }, { x: 5, y: 15 }, box)).toBe(false);
  });
});

describe('things', () => {
  const event = (at: string, to: string | null): FactEvent => ({
    id: at,
    type: 'incident.received',
    occurred_at: at,
    received_at: at,
    node: 'n',
    position: 1,
    changes: [{ element: 'incident', id: 'J1', from: null, to }],
  });

  it('have spans in the order of what happened, the last still open', () => {
    const events = [
      event('2026-11-23T02:00:00Z', 'dispatched'),
      event('2026-11-23T01:00:00Z', 'received'),
    ];
    expect(spansOf('incident', 'J1', events, 'occurred').spans).toEqual([
      { status: 'received', from: '2026-11-23T01:00:00Z', to: '2026-11-23T02:00:00Z' },
      { status: 'dispatched', from: '2026-11-23T02:00:00Z', to: null },
    ]);
  });

  it('have no new span for a fact that moves nothing', () => {
    const events = [
      event('2026-11-23T01:00:00Z', 'received'),
      event('2026-11-23T02:00:00Z', 'received'),
    ];
    expect(spansOf('incident', 'J1', events, 'occurred').spans).toHaveLength(1);
  });

  it('know their case', () => {
    const thing = { id: 'A1', status: null, since: null, org: '', state: {}, events: [] };
    expect(caseOf({ ...thing, element: 'case', links: [] })).toBe('A1');
    expect(caseOf({ ...thing, element: 'person', links: [{ element: 'case', id: 'A9' }] })).toBe(
      'A9',
    );
    expect(caseOf({ ...thing, element: 'person', links: [] })).toBeNull();
  });

  it('are told in one or two words, whatever is missing', () => {
    expect(gist('property', { name: '手机', category: '电子', quantity: 1 })).toBe('手机 电子');
    expect(gist('person', { case_reason: null })).toBe('');
  });

  it('have values that can be read', () => {
    const text = (field: string, value: unknown, lang: 'zh' | 'en' = 'zh'): string =>
      fieldText(field, value, lang, clockOf('Asia/Shanghai').short);
    expect(text('missing', ['伤情鉴定', '笔录'])).toBe('伤情鉴定、笔录');
    expect(text('urgent', true)).toBe('是');
    expect(text('urgent', null, 'en')).toBe('—');
    expect(text('limit_h', 8)).toBe('8');
    expect(text('seized_at', '2026-11-22T16:00:00+00:00')).toBe('11-23 00:00:00');
    expect(text('extensions', [{ by: '县', until: 3 }])).toBe('by 县，until 3');
  });

  it('have values in which persons are masked', () => {
    expect(fieldText('persons_brought', ['R3502030934'], 'zh', String)).toBe('R******0934');
  });
});
