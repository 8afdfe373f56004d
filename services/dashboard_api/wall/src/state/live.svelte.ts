/** What the socket said, as the views see it: changed at most once per painted frame. */
import { LiveSocket } from '../adapters/live_socket';
import { isExpired, isStale, trustOf, type Trust } from '../model/trust';
import {
  channelOf,
  PANELS,
  type ElementFrame,
  type ElementName,
  type Frame,
  type FreshnessFrame,
  type JsonObject,
  type ReplayPush,
  type Reply,
} from '../protocol/frames';
import { Link, type Phase } from '../protocol/link';
import { FrameQueue } from '../protocol/queue';
import { Ring } from '../protocol/ring';
import type { StopReason } from '../protocol/closing';

export interface PhaseChange {
  at: number;
  phase: Phase;
}

/** Who hears of replays on this socket. */
export interface ReplayListener {
  answered(order: number, reply: Reply): void;
  pushed(push: ReplayPush): void;
  /** The socket came up, or went down and with it whatever ran on it. */
  connection(up: boolean): void;
}

const CLOCK_MS = 1000;
const HISTORY = 20;

export class Live {
  frames = $state.raw<ReadonlyMap<string, Frame>>(new Map());
  phase = $state<Phase>('idle');
  stopped = $state<StopReason | null>(null);
  /** The data time: everything received up to it is shown. */
  asOf = $state<number | null>(null);
  /** Channels that the server will not give, with its reason. */
  refused = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** Seconds until the next try, while waiting. */
  retryIn = $state(0);
  /** The connection's last ups and downs, oldest first. */
  history = $state.raw<readonly PhaseChange[]>([]);
  /** Now, by the server's clock. */
  serverNow = $state(Date.now());

  readonly #link: Link;
  readonly #socket: LiveSocket;
  readonly #queue: FrameQueue<Frame>;
  readonly #ring = new Ring<PhaseChange>(HISTORY);
  #skewMs = 0;
  #server: string | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(token: string) {
    this.#link = new Link(token, Math.random);
    this.#queue = new FrameQueue(
      (run) => requestAnimationFrame(run),
      (batch) => {
        const wanted = [...this.frames].filter(([channel]) => this.#channels.has(channel));
        const arrived = [...batch].filter(([channel]) => this.#channels.has(channel));
        this.frames = new Map([...wanted, ...arrived]);
      },
    );
    this.#socket = new LiveSocket(
      this.#link,
      (effect) => {
        switch (effect.do) {
          case 'frame':
            this.#queue.push(effect.channel, effect.frame as unknown as Frame);
            break;
          case 'time':
            this.#heardTime(effect.serverTime, effect.asOf);
            break;
          case 'hello':
            this.#greeted(effect.hello.server);
            break;
          case 'answer':
            this.replays?.answered(effect.order, effect.reply);
            break;
          case 'replay':
            this.replays?.pushed(effect.push);
            break;
          case 'refused':
            this.refused = new Map([...this.refused, [effect.channel, effect.error.code]]);
        }
      },
      () => {
        this.#phaseMayHaveChanged();
      },
    );
  }

  #channels = new Set<string>();
  replays: ReplayListener | null = null;

  get trust(): Trust {
    return trustOf(this);
  }

  get stale(): boolean {
    return isStale(this);
  }

  get expired(): boolean {
    return isExpired(this);
  }

  /** Sends a command of its own; its number, or null while not connected. */
  order(command: JsonObject): number | null {
    return this.#socket.order(command);
  }

  start(): void {
    this.#clock = setInterval(() => {
      this.#tellTime();
    }, CLOCK_MS);
    this.#socket.start();
  }

  stop(): void {
    clearInterval(this.#clock);
    this.#socket.stop();
  }

  /** Watches all panels of this organisation, and of no other. */
  watch(org: string): void {
    const channels = PANELS.map((panel) => channelOf(panel, org));
    this.#channels = new Set(channels);
    this.refused = new Map();
    this.#socket.want(channels);
  }

  element(name: ElementName, org: string): ElementFrame | undefined {
    const frame = this.frames.get(channelOf(name, org));
    return frame?.panel === 'freshness' ? undefined : frame;
  }

  freshness(org: string): FreshnessFrame | undefined {
    const frame = this.frames.get(channelOf('freshness', org));
    return frame?.panel === 'freshness' ? frame : undefined;
  }

  #heardTime(serverTime: string | null, asOf: string | null): void {
    if (serverTime !== null) {
      this.#skewMs = Date.parse(serverTime) - Date.now();
      this.#tellTime();
    }
    const ms = asOf === null ? NaN : Date.parse(asOf);
    if (!Number.isNaN(ms) && (this.asOf === null || ms > this.asOf)) this.asOf = ms;
  }

  #tellTime(): void {
    this.serverNow = Date.now() + this.#skewMs;
    this.retryIn = Math.max(0, (this.#link.retryAt - performance.now()) / 1000);
  }

  /** A newer server may have a newer wall: take it. */
  #greeted(server: string): void {
    if (this.#server !== null && this.#server !== server) location.reload();
    this.#server = server;
  }

  #phaseMayHaveChanged(): void {
    if (this.#link.phase === this.phase) return;
    const wasUp = this.phase === 'live';
    this.phase = this.#link.phase;
    this.stopped = this.#link.stopped;
    this.#tellTime();
    this.#ring.push({ at: this.serverNow, phase: this.phase });
    this.history = this.#ring.values();
    const isUp = this.phase === 'live';
    if (isUp !== wasUp) this.replays?.connection(isUp);
  }
}
