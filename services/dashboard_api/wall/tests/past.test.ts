import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, type Api } from '../src/adapters/api';
import type { Frame, JsonObject, PanelName, ReplayPush } from '../src/protocol/frames';
import { Past } from '../src/state/past.svelte';

const ORG = '350000000000';
const THEN = '2026-11-20T00:00:00Z';
const NOW = '2026-11-23T00:00:00Z';

/** A server that knows everything up to NOW; answers wait until they are let go. */
class Server {
  asked: string[] = [];
  down = false;
  #waiting: (() => void)[] = [];
  held = false;

  readonly api = {
    panel: (org: string, panel: PanelName, asOf: string): Promise<Frame> => {
      this.asked.push(`${panel}/${org}@${asOf}`);
      const known = Date.parse(asOf) > Date.parse(NOW) ? NOW : asOf;
      const frame = { panel, org, as_of: known, total: 1 } as unknown as Frame;
      if (this.down) return Promise.reject(new ApiError(0, 'unreachable'));
      if (!this.held) return Promise.resolve(frame);
      return new Promise((resolve) => this.#waiting.push(() => resolve(frame)));
    },
  } as unknown as Api;

  release(): void {
    this.held = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

class Wire {
  orders: JsonObject[] = [];
  order(command: JsonObject): number {
    this.orders.push(command);
    return this.orders.length;
  }
}

let server: Server;
let wire: Wire;
let moments: [string, boolean][];
let past: Past;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => {
    run();
    return 0;
  });
  server = new Server();
  wire = new Wire();
  moments = [];
  past = new Past(server.api, wire, (moment, ended) => moments.push([moment, ended]));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const settled = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);

function push(n: number, moment: string, more: Partial<ReplayPush> = {}): ReplayPush {
  const frames = n === 0 ? { person: { snapshot: { panel: 'person', total: n } } } : {};
  return { push: 'replay', replay: 'r-1', n, moment, speed: 60, state: 'playing', frames, ...more };
}

function play(): void {
  past.play(ORG, THEN, NOW);
  past.answered(1, { id: 1, ok: { replay: 'r-1', moment: THEN } });
}

describe('a moment that stands still', () => {
  it('is read whole, all panels of the same moment', async () => {
    past.stand(ORG, THEN);
    await settled();
    expect(server.asked).toHaveLength(7);
    expect(past.shown?.moment).toBe(THEN);
    expect(past.element('person', ORG)).toBeDefined();
    expect(past.element('person', '350200000000')).toBeUndefined();
  });

  it('is passed over when another is wished for meanwhile', async () => {
    server.held = true;
    past.stand(ORG, THEN);
    past.stand(ORG, '2026-11-21T00:00:00Z');
    past.stand(ORG, '2026-11-22T00:00:00Z');
    server.release();
    await settled();
    expect(past.shown?.moment).toBe('2026-11-22T00:00:00Z');
    expect(server.asked.some((asked) => asked.includes('11-21'))).toBe(false);
  });

  it('is the newest one where it lies in the future', async () => {
    past.stand(ORG, '2027-01-01T00:00:00Z');
    await settled();
    expect(moments).toEqual([[NOW, false]]);
    expect(past.shown?.moment).toBe(NOW);
  });

  it('is asked for again until it can be read', async () => {
    server.down = true;
    past.stand(ORG, THEN);
    await settled();
    expect([past.activity, past.failure]).toEqual(['failed', 'unreachable']);
    server.down = false;
    await vi.advanceTimersByTimeAsync(3000);
    expect([past.activity, past.failure]).toEqual(['still', null]);
    expect(past.shown?.moment).toBe(THEN);
  });
});

describe('a replay', () => {
  it('is asked for from the moment in view and shows what is pushed', () => {
    play();
    expect(wire.orders[0]).toMatchObject({
      replay: {
        org: ORG,
        from: THEN,
        to: NOW,
        speed: 60,
        panels: expect.arrayContaining(['freshness']),
      },
    });
    past.pushed(push(0, THEN));
    past.pushed(push(1, '2026-11-20T00:00:15Z'));
    expect(past.shown?.moment).toBe('2026-11-20T00:00:15Z');
    expect(moments.at(-1)).toEqual(['2026-11-20T00:00:15Z', false]);
  });

  it('stands still where it is paused', () => {
    play();
    past.pushed(push(0, THEN));
    past.pause();
    past.pushed(push(1, '2026-11-20T00:00:15Z'));
    expect(wire.orders.at(-1)).toEqual({ stop: {} });
    expect([past.activity, past.shown?.moment]).toEqual(['still', THEN]);
  });

  it('tells its end', () => {
    play();
    past.pushed(push(0, NOW, { state: 'ended' }));
    expect(moments.at(-1)).toEqual([NOW, true]);
    expect(past.playing).toBe(false);
  });

  it('begins anew where a push was lost, and after the socket was down', () => {
    play();
    past.pushed(push(0, '2026-11-20T00:00:15Z'));
    past.pushed(push(2, '2026-11-20T00:00:45Z'));
    expect(wire.orders).toHaveLength(2);
    expect(wire.orders[1]).toMatchObject({ replay: { from: '2026-11-20T00:00:15Z' } });
    past.connection(false);
    past.connection(true);
    expect(wire.orders).toHaveLength(3);
    expect(past.playing).toBe(true);
  });

  it('says why it cannot be', () => {
    past.play(ORG, THEN, NOW);
    const error = { code: 'too_many_replays', message: '', temporary: true };
    past.answered(1, { id: 1, error });
    expect([past.activity, past.failure]).toEqual(['failed', 'too_many_replays']);
  });

  it('keeps what was shown when the views fail', () => {
    play();
    past.pushed(push(0, THEN));
    const error = { code: 'views_unavailable', message: '', temporary: true };
    past.pushed(push(1, THEN, { state: 'paused', error }));
    expect([past.playing, past.failure]).toEqual([false, 'views_unavailable']);
    expect(past.shown?.moment).toBe(THEN);
  });
});
