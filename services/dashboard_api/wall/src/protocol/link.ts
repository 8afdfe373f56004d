/**
 * The protocol of /v1/live without a socket: what was heard goes in, what to do comes out.
 * Times are milliseconds of a clock that the caller owns.
 */
import { backoffMs } from './backoff';
import { applyPatch, fromSnapshot, resume, type Held } from './channel';
import { stopReason, type StopReason } from './closing';
import type { Hello, JsonObject, Push, ReplayPush, Reply, Subscribed, WireError } from './frames';

export type Phase = 'idle' | 'connecting' | 'authenticating' | 'live' | 'waiting' | 'stopped';

export type Effect =
  | { do: 'connect' }
  | { do: 'send'; text: string }
  | { do: 'drop'; code: number; reason: string }
  | { do: 'frame'; channel: string; frame: JsonObject }
  | { do: 'hello'; hello: Hello }
  | { do: 'time'; serverTime: string | null; asOf: string | null }
  | { do: 'refused'; channel: string; error: WireError }
  | { do: 'answer'; order: number; reply: Reply }
  | { do: 'replay'; push: ReplayPush };

type Asked = { held: Held | undefined; state: 'asked' | 'held' | 'refused'; retryAt: number };

const ANSWER_WITHIN_MS = 10_000;
const RETRY_SUBSCRIBE_MS = 3_000;
const MISSED_HEARTBEATS = 3;
const CLIENT_SILENCE = 4000;

export class Link {
  phase: Phase = 'idle';
  stopped: StopReason | null = null;
  /** When the next try is due, while `waiting`. */
  retryAt = 0;

  #channels = new Map<string, Asked>();
  #asks = new Map<number, string>();
  #orders = new Set<number>();
  #lastId = 0;
  #attempt = 0;
  #heardAt = 0;
  #heartbeatMs = 5_000;

  constructor(
    private readonly token: string,
    private readonly random: () => number,
  ) {}

  start(now: number): Effect[] {
    this.phase = 'connecting';
    this.#heardAt = now;
    return [{ do: 'connect' }];
  }

  opened(now: number): Effect[] {
    this.phase = 'authenticating';
    this.#heardAt = now;
    this.#lastId = 1;
    return [send({ id: 1, auth: { token: this.token } })];
  }

  /** The channels to be shown from now on; all others are given up. */
  want(channels: readonly string[]): Effect[] {
    const effects: Effect[] = [];
    for (const channel of [...this.#channels.keys()]) {
      if (channels.includes(channel)) continue;
      this.#channels.delete(channel);
      if (this.phase === 'live') {
        effects.push(send({ id: this.#nextId(), unsubscribe: { channel } }));
      }
    }
    for (const channel of channels) {
      if (this.#channels.has(channel)) continue;
      this.#channels.set(channel, { held: undefined, state: 'asked', retryAt: 0 });
      if (this.phase === 'live') effects.push(this.#subscribe(channel));
    }
    return effects;
  }

  /**
   * A command of the caller's own, to be sent now. Its answer comes as the effect `answer` with
   * the number returned; null, and nothing is sent, where the link is not live. A link that goes
   * down answers nothing any more.
   */
  order(command: JsonObject): { order: number; effects: Effect[] } | null {
    if (this.phase !== 'live') return null;
    const order = this.#nextId();
    this.#orders.add(order);
    return { order, effects: [send({ id: order, ...command })] };
  }

  message(text: string, now: number): Effect[] {
    this.#heardAt = now;
    const message = parse(text);
    if (message === null) return this.#drop('not understood', now);
    if ('push' in message) return this.#pushed(message);
    return this.#answered(message, now);
  }

  closed(code: number, now: number): Effect[] {
    if (this.phase === 'stopped' || this.phase === 'waiting') return [];
    const reason = stopReason(code);
    if (reason !== null) {
      this.phase = 'stopped';
      this.stopped = reason;
      return [];
    }
    return this.#wait(now);
  }

  /** To be called about once a second: notices silence, ends waits. */
  tick(now: number): Effect[] {
    switch (this.phase) {
      case 'waiting':
        return now >= this.retryAt ? this.start(now) : [];
      case 'connecting':
      case 'authenticating':
        return now - this.#heardAt > ANSWER_WITHIN_MS ? this.#drop('no answer', now) : [];
      case 'live':
        if (now - this.#heardAt > MISSED_HEARTBEATS * this.#heartbeatMs) {
          return this.#drop('silent', now);
        }
        return this.#retrySubscribes(now);
      default:
        return [];
    }
  }

  /** Tries again at once: the network is back or a person asked. */
  hurry(now: number): Effect[] {
    return this.phase === 'waiting' ? this.start(now) : [];
  }

  #wait(now: number): Effect[] {
    this.phase = 'waiting';
    this.retryAt = now + backoffMs(this.#attempt, this.random());
    this.#attempt += 1;
    this.#asks.clear();
    this.#orders.clear();
    for (const asked of this.#channels.values()) {
      asked.state = 'asked';
      asked.retryAt = 0;
    }
    return [];
  }

  #drop(reason: string, now: number): Effect[] {
    this.#wait(now);
    return [{ do: 'drop', code: CLIENT_SILENCE, reason }];
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #subscribe(channel: string): Effect {
    const asked = this.#channels.get(channel);
    if (asked === undefined) throw new Error(`channel ${channel} is not wanted`);
    asked.state = 'asked';
    asked.retryAt = 0;
    const id = this.#nextId();
    this.#asks.set(id, channel);
    const [panel, org] = channel.split('/');
    const from = asked.held && { epoch: asked.held.epoch, offset: asked.held.offset };
    return send({ id, subscribe: { panel, org, ...from } });
  }

  #retrySubscribes(now: number): Effect[] {
    const effects: Effect[] = [];
    for (const [channel, asked] of this.#channels) {
      if (asked.retryAt > 0 && now >= asked.retryAt) effects.push(this.#subscribe(channel));
    }
    return effects;
  }

  #answered(reply: Reply, now: number): Effect[] {
    if (this.phase === 'authenticating' && reply.id === 1) return this.#authenticated(reply, now);
    if (this.#orders.delete(reply.id)) return [{ do: 'answer', order: reply.id, reply }];
    const channel = this.#asks.get(reply.id);
    if (channel === undefined) return [];
    this.#asks.delete(reply.id);
    const asked = this.#channels.get(channel);
    if (asked === undefined || [...this.#asks.values()].includes(channel)) return [];
    if ('error' in reply) {
      if (reply.error.temporary) {
        asked.retryAt = now + RETRY_SUBSCRIBE_MS;
        return [];
      }
      asked.state = 'refused';
      return [{ do: 'refused', channel, error: reply.error }];
    }
    const held = resume(asked.held, reply.ok as unknown as Subscribed);
    if (held === null) {
      asked.held = undefined;
      return [this.#subscribe(channel)];
    }
    return this.#hold(channel, asked, held);
  }

  #authenticated(reply: Reply, now: number): Effect[] {
    if ('error' in reply) {
      if (reply.error.temporary) return this.#drop('not let in now', now);
      this.phase = 'stopped';
      this.stopped = 'token';
      return [{ do: 'drop', code: 1000, reason: 'refused' }];
    }
    const hello = reply.ok as unknown as Hello;
    this.phase = 'live';
    this.#heartbeatMs = hello.heartbeat_s * 1000;
    return [
      { do: 'hello', hello },
      { do: 'time', serverTime: hello.time, asOf: null },
      ...[...this.#channels.keys()].map((channel) => this.#subscribe(channel)),
    ];
  }

  #pushed(push: Push): Effect[] {
    if (push.push === 'heartbeat') {
      // Not sooner: a server that lets in and closes at once must not be stormed.
      this.#attempt = 0;
      return [{ do: 'time', serverTime: push.time, asOf: push.as_of }];
    }
    if (push.push === 'replay') return [{ do: 'replay', push }];
    const asked = this.#channels.get(push.channel);
    // What comes before the answer belongs to a subscription that was given up.
    if (asked?.state !== 'held' || asked.held === undefined) return [];
    if (push.push === 'snapshot') {
      return this.#hold(push.channel, asked, fromSnapshot(push.snapshot, push.epoch, push.offset));
    }
    const step = applyPatch(asked.held, push);
    if (step.kind === 'old') return [];
    if (step.kind === 'gap') return [this.#subscribe(push.channel)];
    return this.#hold(push.channel, asked, step.held);
  }

  #hold(channel: string, asked: Asked, held: Held): Effect[] {
    asked.held = held;
    asked.state = 'held';
    return [
      { do: 'frame', channel, frame: held.frame },
      { do: 'time', serverTime: null, asOf: held.asOf },
    ];
  }
}

function send(command: unknown): Effect {
  return { do: 'send', text: JSON.stringify(command) };
}

function parse(text: string): Push | Reply | null {
  try {
    const value: unknown = JSON.parse(text);
    const known = typeof value === 'object' && value !== null && ('push' in value || 'id' in value);
    return known ? (value as Push | Reply) : null;
  } catch {
    return null;
  }
}
