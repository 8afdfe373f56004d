import { describe, expect, it } from 'vitest';
import type { ReplayPush } from '../src/protocol/frames';
import { begun, turned, type Playback } from '../src/protocol/playback';

const ANSWER = { replay: 'r-1', moment: '2026-11-20T00:00:00Z', speed: 60, state: 'playing' };

function push(n: number, frames: ReplayPush['frames'], more: Partial<ReplayPush> = {}): ReplayPush {
  const moment = `2026-11-20T00:00:0${n}Z`;
  return { push: 'replay', replay: 'r-1', n, moment, speed: 60, state: 'playing', frames, ...more };
}

function moved(held: Playback, told: ReplayPush): Playback {
  const turn = turned(held, told);
  if (turn.kind !== 'moved') throw new Error(turn.kind);
  return turn.playback;
}

const FIRST = push(0, {
  person: { snapshot: { total: 1, statuses: { waiting: 1 } } },
  case: { snapshot: { total: 5 } },
});

describe('a replay', () => {
  it('lays each patch over the frame before and keeps what did not change', () => {
    const first = moved(begun(ANSWER), FIRST);
    const next = moved(
      first,
      push(1, { person: { patch: { total: 2, statuses: { waiting: null } } } }),
    );

    expect(next.moment).toBe('2026-11-20T00:00:01Z');
    expect(next.frames.get('person')).toEqual({ total: 2, statuses: {} });
    expect(next.frames.get('case')).toBe(first.frames.get('case'));
    expect(first.frames.get('person')).toEqual({ total: 1, statuses: { waiting: 1 } });
  });

  it('takes a whole frame in place of what it holds', () => {
    const held = moved(begun(ANSWER), FIRST);
    const next = moved(held, push(1, { person: { snapshot: { total: 9 } } }, { state: 'ended' }));

    expect(next.frames.get('person')).toEqual({ total: 9 });
    expect(next.state).toBe('ended');
  });

  it('moves on when nothing changed', () => {
    const held = moved(begun(ANSWER), FIRST);
    expect(moved(held, push(1, {})).frames).toEqual(held.frames);
  });

  it('passes over what belongs to another replay or was heard before', () => {
    const held = moved(begun(ANSWER), FIRST);
    expect(turned(held, push(1, {}, { replay: 'r-0' })).kind).toBe('old');
    expect(turned(held, FIRST).kind).toBe('old');
  });

  it('notices what was lost', () => {
    const held = moved(begun(ANSWER), FIRST);
    expect(turned(held, push(2, {})).kind).toBe('gap');
    expect(turned(held, push(1, { place: { patch: { total: 1 } } })).kind).toBe('gap');
  });
});
