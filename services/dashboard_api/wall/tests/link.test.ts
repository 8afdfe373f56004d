import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../src/protocol/frames';
import { Link, type Effect } from '../src/protocol/link';

const CHANNEL = 'person/350000000000';
const OTHER = 'case/350000000000';

function sent(effects: Effect[]): JsonObject[] {
  return effects.flatMap((e) => (e.do === 'send' ? [JSON.parse(e.text) as JsonObject] : []));
}

function frames(effects: Effect[]): JsonObject[] {
  return effects.flatMap((e) => (e.do === 'frame' ? [e.frame] : []));
}

function hear(link: Link, message: unknown, now = 0): Effect[] {
  return link.message(JSON.stringify(message), now);
}

const HELLO = {
  id: 1,
  ok: { server: '1', time: '2026-11-23T06:32:08.000000Z', org: '35', role: 'wall', heartbeat_s: 5 },
};

function live(channels: string[] = [CHANNEL]): Link {
  const link = new Link('secret', () => 0);
  link.want(channels);
  link.start(0);
  link.opened(0);
  hear(link, HELLO);
  return link;
}

function snapshot(id: number, total: number, offset: number, epoch = 'k1'): unknown {
  const frame = { total, as_of: '2026-11-23T06:32:08.000000Z' };
  return { id, ok: { channel: CHANNEL, epoch, offset, recovered: false, snapshot: frame } };
}

function patch(offset: number, total: number): unknown {
  const as_of = '2026-11-23T06:32:09.000000Z';
  return { push: 'patch', channel: CHANNEL, offset, as_of, patch: { total } };
}

describe('authentication', () => {
  it('is the first thing said on an open socket', () => {
    const link = new Link('secret', () => 0);
    expect(link.start(0)).toEqual([{ do: 'connect' }]);
    expect(sent(link.opened(0))).toEqual([{ id: 1, auth: { token: 'secret' } }]);
    expect(link.phase).toBe('authenticating');
  });

  it('subscribes to what is wanted once it is answered', () => {
    const link = new Link('secret', () => 0);
    link.want([CHANNEL]);
    link.start(0);
    link.opened(0);
    expect(sent(hear(link, HELLO))).toEqual([
      { id: 2, subscribe: { panel: 'person', org: '350000000000' } },
    ]);
    expect(link.phase).toBe('live');
  });

  it('stops for good when the token is refused', () => {
    const link = new Link('secret', () => 0);
    link.start(0);
    link.opened(0);
    hear(link, { id: 1, error: { code: 'unauthorized', message: '', temporary: false } });
    expect(link.phase).toBe('stopped');
    expect(link.stopped).toBe('token');
    expect(link.tick(1e9)).toEqual([]);
  });

  it('tries again when the refusal is temporary', () => {
    const link = new Link('secret', () => 0);
    link.start(0);
    link.opened(0);
    hear(link, { id: 1, error: { code: 'busy', message: '', temporary: true } });
    expect(link.phase).toBe('waiting');
  });

  it('is given up after ten seconds without an answer', () => {
    const link = new Link('secret', () => 0);
    link.start(0);
    link.opened(0);
    expect(link.tick(10_000)).toEqual([]);
    expect(link.tick(10_001)[0]).toMatchObject({ do: 'drop' });
    expect(link.phase).toBe('waiting');
  });
});

describe('a channel', () => {
  it('shows its snapshot and the patches that join it', () => {
    const link = live();
    expect(frames(hear(link, snapshot(2, 10, 41)))).toMatchObject([{ total: 10 }]);
    expect(frames(hear(link, patch(42, 11)))).toMatchObject([{ total: 11 }]);
  });

  it('tells the data time of each patch', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    expect(hear(link, patch(42, 11))).toContainEqual({
      do: 'time',
      serverTime: null,
      asOf: '2026-11-23T06:32:09.000000Z',
    });
  });

  it('asks from where it stands when an offset is skipped, and shows nothing false meanwhile', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    const effects = hear(link, patch(44, 99));
    expect(frames(effects)).toEqual([]);
    expect(sent(effects)).toEqual([
      { id: 3, subscribe: { panel: 'person', org: '350000000000', epoch: 'k1', offset: 41 } },
    ]);
    expect(hear(link, patch(45, 99))).toEqual([]);
    const recovered = {
      channel: CHANNEL,
      epoch: 'k1',
      offset: 43,
      recovered: true,
      patches: [
        { offset: 42, as_of: 't42', patch: { total: 11 } },
        { offset: 43, as_of: 't43', patch: { total: 12 } },
      ],
    };
    expect(frames(hear(link, { id: 3, ok: recovered }))).toMatchObject([{ total: 12 }]);
  });

  it('ignores a patch that it has already', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    expect(hear(link, patch(41, 9))).toEqual([]);
  });

  it('takes a pushed snapshot in place of what it holds', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    const push = {
      push: 'snapshot',
      channel: CHANNEL,
      epoch: 'k2',
      offset: 60,
      snapshot: { total: 70, as_of: 't' },
    };
    expect(frames(hear(link, push))).toMatchObject([{ total: 70 }]);
    expect(frames(hear(link, patch(61, 71)))).toMatchObject([{ total: 71 }]);
  });

  it('asks for the whole when a recovery does not join what it holds', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    hear(link, patch(44, 99));
    const answer = { channel: CHANNEL, epoch: 'k1', offset: 50, recovered: true, patches: [] };
    expect(sent(hear(link, { id: 3, ok: answer }))).toEqual([
      { id: 4, subscribe: { panel: 'person', org: '350000000000' } },
    ]);
  });

  it('tells a lasting refusal and does not ask again', () => {
    const link = live();
    const error = { code: 'out_of_scope', message: 'no', temporary: false };
    expect(hear(link, { id: 2, error })).toEqual([{ do: 'refused', channel: CHANNEL, error }]);
    expect(link.tick(4_000)).toEqual([]);
  });

  it('asks again a while after a temporary refusal', () => {
    const link = live();
    hear(link, { id: 2, error: { code: 'busy', message: '', temporary: true } }, 1_000);
    expect(link.tick(3_900)).toEqual([]);
    expect(sent(link.tick(4_000))).toHaveLength(1);
    expect(sent(link.tick(4_001))).toHaveLength(0);
  });
});

describe('what is wanted', () => {
  it('gives up the channels that are no longer wanted and asks for the new ones', () => {
    const link = live();
    expect(sent(link.want([OTHER]))).toEqual([
      { id: 3, unsubscribe: { channel: CHANNEL } },
      { id: 4, subscribe: { panel: 'case', org: '350000000000' } },
    ]);
  });

  it('ignores the answer to a subscribe that a later one of the same channel follows', () => {
    const link = live();
    link.want([]);
    link.want([CHANNEL]);
    expect(hear(link, snapshot(2, 10, 41))).toEqual([]);
    expect(frames(hear(link, snapshot(4, 11, 42)))).toMatchObject([{ total: 11 }]);
  });

  it('ignores a push of a channel that was given up', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    link.want([]);
    expect(hear(link, patch(42, 11))).toEqual([]);
  });
});

describe('silence and closing', () => {
  it('is dead after three heartbeats without a word', () => {
    const link = live();
    expect(link.tick(15_000)).toEqual([]);
    expect(link.tick(15_001)).toEqual([{ do: 'drop', code: 4000, reason: 'silent' }]);
    expect(link.phase).toBe('waiting');
  });

  it('lives on while anything is heard', () => {
    const link = live();
    hear(link, { push: 'heartbeat', time: 't', as_of: 't' }, 14_000);
    expect(link.tick(28_000)).toEqual([]);
  });

  it('connects again after the wait and asks from where it stood', () => {
    const link = live();
    hear(link, snapshot(2, 10, 41));
    link.closed(1006, 1_000);
    expect(link.phase).toBe('waiting');
    expect(link.tick(1_249)).toEqual([]);
    expect(link.tick(1_250)).toEqual([{ do: 'connect' }]);
    link.opened(1_300);
    expect(sent(hear(link, HELLO, 1_300))).toEqual([
      { id: 2, subscribe: { panel: 'person', org: '350000000000', epoch: 'k1', offset: 41 } },
    ]);
  });

  it('waits longer each time until a heartbeat shows that the connection holds', () => {
    const link = live();
    link.closed(1006, 0);
    expect(link.retryAt).toBe(250);
    link.start(250);
    link.opened(250);
    hear(link, HELLO, 250);
    link.closed(3008, 300);
    expect(link.retryAt).toBe(800);
    link.start(800);
    link.opened(800);
    hear(link, HELLO, 800);
    hear(link, { push: 'heartbeat', time: 't', as_of: 't' }, 5_800);
    link.closed(1006, 6_000);
    expect(link.retryAt).toBe(6_250);
  });

  it('tries at once when hurried', () => {
    const link = live();
    link.closed(1006, 0);
    expect(link.hurry(1)).toEqual([{ do: 'connect' }]);
  });

  it('stops on codes of 3500 and above, and says why', () => {
    const link = live();
    link.closed(3503, 0);
    expect(link.phase).toBe('stopped');
    expect(link.stopped).toBe('subscriptions');
  });

  it('drops a server that talks rubbish', () => {
    const link = live();
    expect(link.message('<html>', 0)[0]).toMatchObject({ do: 'drop' });
    expect(link.phase).toBe('waiting');
  });
});

describe('an order of the caller', () => {
  it('is sent with a number of its own and its answer handed on', () => {
    const link = live();
    const sentNow = link.order({ stop: {} });
    expect(sentNow).not.toBeNull();
    const [command] = sent(sentNow?.effects ?? []);
    expect(command).toEqual({ id: sentNow?.order, stop: {} });
    const reply = {
      id: sentNow?.order,
      error: { code: 'no_replay', message: '', temporary: false },
    };
    expect(hear(link, reply)).toEqual([{ do: 'answer', order: sentNow?.order, reply }]);
    expect(hear(link, reply)).toEqual([]);
  });

  it('is not taken while the link is down, and not answered after', () => {
    const link = live();
    const before = link.order({ stop: {} });
    link.closed(1006, 0);
    expect(link.order({ stop: {} })).toBeNull();
    expect(hear(link, { id: before?.order, ok: {} })).toEqual([]);
  });

  it('leaves the channels as they are when a replay is pushed', () => {
    const link = live();
    hear(link, snapshot(2, 7, 0));
    const push = { push: 'replay', replay: 'r-1', n: 0, moment: 'm', frames: {} };
    expect(hear(link, push)).toEqual([{ do: 'replay', push }]);
    expect(frames(hear(link, patch(1, 8)))).toHaveLength(1);
  });
});
