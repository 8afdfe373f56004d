import { describe, expect, it } from 'vitest';
import { backoffMs } from '../src/protocol/backoff';
import { applyPatch, resume, type Held } from '../src/protocol/channel';
import { stopReason } from '../src/protocol/closing';
import type { Json } from '../src/protocol/frames';
import { mergePatch } from '../src/protocol/merge';
import { FrameQueue } from '../src/protocol/queue';
import { Ring } from '../src/protocol/ring';

describe('mergePatch', () => {
  // The examples of RFC 7396, appendix A.
  const EXAMPLES: [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];

  it.each(EXAMPLES)('of %j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('leaves the target as it was and shares what is untouched', () => {
    const target = { a: { x: 1 }, b: { y: 1 } };
    const merged = mergePatch(target, { a: { x: 2 } }) as typeof target;
    expect(target).toEqual({ a: { x: 1 }, b: { y: 1 } });
    expect(merged.b).toBe(target.b);
    expect(merged.a).not.toBe(target.a);
  });

  it('cannot be used to reach a prototype', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true}}') as Json;
    mergePatch({}, patch);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a held channel', () => {
  const held: Held = { epoch: 'k', offset: 7, frame: { total: 1 }, asOf: 't7' };

  it('takes the next patch and its data time', () => {
    expect(applyPatch(held, { offset: 8, as_of: 't8', patch: { total: 2 } })).toEqual({
      kind: 'held',
      held: { epoch: 'k', offset: 8, frame: { total: 2, as_of: 't8' }, asOf: 't8' },
    });
  });

  it('tells an old patch from a gap', () => {
    expect(applyPatch(held, { offset: 7, as_of: '', patch: {} }).kind).toBe('old');
    expect(applyPatch(held, { offset: 9, as_of: '', patch: {} }).kind).toBe('gap');
  });

  it('refuses missed patches of another epoch, or that do not reach the offset told', () => {
    const answer = { channel: 'c', epoch: 'k', offset: 8, recovered: true as const };
    const patches = [{ offset: 8, as_of: 't8', patch: { total: 2 } }];
    expect(resume(held, { ...answer, patches })?.offset).toBe(8);
    expect(resume(held, { ...answer, epoch: 'other', patches })).toBeNull();
    expect(resume(held, { ...answer, offset: 9, patches })).toBeNull();
    expect(resume(undefined, { ...answer, patches })).toBeNull();
  });
});

describe('backoffMs', () => {
  it('doubles up to fifteen seconds, half of it chance', () => {
    expect([0, 1, 2, 3].map((n) => backoffMs(n, 0))).toEqual([250, 500, 1000, 2000]);
    expect(backoffMs(0, 0.999)).toBe(500);
    expect(backoffMs(60, 0.999)).toBeLessThanOrEqual(15_000);
    expect(backoffMs(60, 0)).toBe(7_500);
  });
});

describe('stopReason', () => {
  it('ends it only for codes of 3500 to 3999', () => {
    expect(stopReason(3500)).toBe('token');
    expect(stopReason(3502)).toBe('origin');
    expect(stopReason(3777)).toBe('other');
    for (const code of [1000, 1006, 1011, 3001, 3008, 3499, 4000]) {
      expect(stopReason(code)).toBeNull();
    }
  });
});

describe('FrameQueue', () => {
  it('applies all that came between two paints at once, the newest of each', () => {
    const paints: (() => void)[] = [];
    const batches: [string, number][][] = [];
    const queue = new FrameQueue<number>(
      (run) => paints.push(run),
      (batch) => batches.push([...batch]),
    );
    queue.push('a', 1);
    queue.push('b', 2);
    queue.push('a', 3);
    expect(paints).toHaveLength(1);
    expect(batches).toEqual([]);
    paints[0]?.();
    expect(batches).toEqual([
      [
        ['a', 3],
        ['b', 2],
      ],
    ]);
    queue.push('a', 4);
    expect(paints).toHaveLength(2);
  });

  it('does not grow while nothing is painted', () => {
    const queue = new FrameQueue<number>(
      () => undefined,
      () => undefined,
    );
    for (let i = 0; i < 10_000; i += 1) queue.push(`channel ${i % 7}`, i);
    expect(queue.size).toBe(7);
  });
});

describe('Ring', () => {
  it('keeps the last values, oldest first', () => {
    const ring = new Ring<number>(3);
    expect(ring.values()).toEqual([]);
    for (const n of [1, 2]) ring.push(n);
    expect(ring.values()).toEqual([1, 2]);
    for (const n of [3, 4, 5]) ring.push(n);
    expect(ring.values()).toEqual([3, 4, 5]);
    expect(ring.length).toBe(3);
  });
});
