/**
 * A moment of the past as the views see it: read whole over HTTP while it stands still, pushed by
 * the server while it plays. What is shown is always of one moment and one organisation.
 */
import { ApiError, type Api } from '../adapters/api';
import {
  PANELS,
  type ElementFrame,
  type ElementName,
  type Frame,
  type FreshnessFrame,
  type JsonObject,
  type PanelName,
  type ReplayPush,
  type Reply,
} from '../protocol/frames';
import { begun, turned, type Playback } from '../protocol/playback';
import { FrameQueue } from '../protocol/queue';

/** What carries commands to the server and may be down: a number for each order sent. */
export interface Wire {
  order(command: JsonObject): number | null;
}

interface Shown {
  org: string;
  moment: string;
  frames: ReadonlyMap<string, Frame>;
}

type Activity = 'still' | 'reading' | 'failed' | 'playing';

const AGAIN_MS = 3000;
export const SPEEDS = [1, 10, 60, 600] as const;

export class Past {
  shown = $state.raw<Shown | null>(null);
  activity = $state<Activity>('still');
  speed = $state<number>(60);
  /** Why the last reading or playing did not work; a code of the protocol. */
  failure = $state<string | null>(null);

  #wanted: { org: string; moment: string } | null = null;
  #reading = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  #order: number | null = null;
  #playback: Playback | null = null;
  #until: string | null = null;
  readonly #queue: FrameQueue<Playback>;

  constructor(
    private readonly api: Api,
    private readonly wire: Wire,
    /** Told of each moment that playing comes to, and whether it was the last. */
    private readonly onMoment: (moment: string, ended: boolean) => void,
  ) {
    this.#queue = new FrameQueue(
      (run) => requestAnimationFrame(run),
      (batch) => {
        for (const playback of batch.values()) this.#show(playback);
      },
    );
  }

  get playing(): boolean {
    return this.activity === 'playing';
  }

  /** The organisation that is shown, or will be as soon as it can. */
  get org(): string | null {
    return this.#wanted?.org ?? null;
  }

  element(name: ElementName, org: string): ElementFrame | undefined {
    const frame = this.#frame(name, org);
    return frame?.panel === 'freshness' ? undefined : frame;
  }

  freshness(org: string): FreshnessFrame | undefined {
    const frame = this.#frame('freshness', org);
    return frame?.panel === 'freshness' ? frame : undefined;
  }

  #frame(panel: PanelName, org: string): Frame | undefined {
    return this.shown?.org === org ? this.shown.frames.get(panel) : undefined;
  }

  /** Shows an organisation at a moment as soon as it can be read; only the newest wish counts. */
  stand(org: string, moment: string): void {
    if (this.playing || this.#isShown(org, moment)) return;
    this.#wanted = { org, moment };
    if (!this.#reading) void this.#read();
  }

  /** Plays on from a moment until another; a running replay is replaced. */
  play(org: string, from: string, until: string): void {
    clearTimeout(this.#again);
    this.#wanted = { org, moment: from };
    this.#until = until;
    this.#playback = null;
    this.failure = null;
    this.activity = 'playing';
    this.#begin();
  }

  /** Stands still at the moment last shown. */
  pause(): void {
    if (!this.playing) return;
    this.wire.order({ stop: {} });
    this.#rest('still');
  }

  /** Gives up all of the past. */
  leave(): void {
    this.pause();
    clearTimeout(this.#again);
    this.#wanted = null;
    this.shown = null;
    this.failure = null;
    this.activity = 'still';
  }

  /** The socket went down or came back: what was playing goes on where it stood. */
  connection(up: boolean): void {
    if (!this.playing) return;
    this.#order = null;
    this.#playback = null;
    if (up) this.#begin();
  }

  answered(order: number, reply: Reply): void {
    if (order !== this.#order || !this.playing) return;
    if ('ok' in reply) this.#playback = begun(reply.ok);
    else this.#stopFor(reply.error.code);
  }

  pushed(push: ReplayPush): void {
    if (this.#playback === null || !this.playing) return;
    const turn = turned(this.#playback, push);
    if (turn.kind === 'old') return;
    if (turn.kind === 'gap') {
      this.#begin();
      return;
    }
    this.#playback = turn.playback;
    this.#queue.push('replay', turn.playback);
    if (push.error !== undefined) this.#stopFor(push.error.code);
  }

  #begin(): void {
    const wanted = this.#wanted;
    if (wanted === null || this.#until === null) return;
    // A replay ends later than it begins.
    if (Date.parse(wanted.moment) >= Date.parse(this.#until)) {
      this.#rest('still');
      this.onMoment(wanted.moment, true);
      return;
    }
    this.#playback = null;
    this.#order = this.wire.order({
      replay: {
        org: wanted.org,
        panels: [...PANELS],
        from: wanted.moment,
        to: this.#until,
        speed: this.speed,
      },
    });
  }

  #show(playback: Playback): void {
    const org = this.#wanted?.org;
    if (org === undefined || playback !== this.#playback) return;
    const frames = playback.frames as unknown as ReadonlyMap<string, Frame>;
    this.shown = { org, moment: playback.moment, frames };
    this.#wanted = { org, moment: playback.moment };
    const ended = playback.state === 'ended';
    if (ended) this.#rest('still');
    this.onMoment(playback.moment, ended);
  }

  #stopFor(code: string): void {
    this.failure = code;
    this.#rest('failed');
  }

  #rest(activity: Activity): void {
    this.activity = activity;
    this.#order = null;
    this.#playback = null;
    this.#until = null;
  }

  #isShown(org: string, moment: string): boolean {
    return this.shown?.org === org && this.shown.moment === moment;
  }

  async #read(): Promise<void> {
    clearTimeout(this.#again);
    this.#reading = true;
    try {
      while (this.#wanted !== null && !this.playing) {
        const { org, moment } = this.#wanted;
        if (this.#isShown(org, moment)) break;
        this.activity = 'reading';
        this.#took(org, moment, await this.#frames(org, moment));
      }
      if (!this.playing) this.activity = 'still';
      this.failure = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failed(error);
    } finally {
      this.#reading = false;
    }
  }

  #failed(error: ApiError): void {
    if (this.#wanted === null || this.playing) return;
    this.failure = error.code;
    this.activity = 'failed';
    if (!error.temporary) return;
    this.#again = setTimeout(() => void this.#read(), AGAIN_MS);
  }

  async #frames(org: string, moment: string): Promise<Frame[]> {
    return Promise.all(PANELS.map((panel) => this.api.panel(org, panel, moment)));
  }

  /** A moment that nothing is known of yet is answered for an earlier one: then that is shown. */
  #took(org: string, moment: string, frames: readonly Frame[]): void {
    if (this.playing || this.#wanted === null) return;
    const earliest = Math.min(...frames.map((frame) => Date.parse(frame.as_of)));
    if (earliest < Date.parse(moment)) {
      const known = frames.find((frame) => Date.parse(frame.as_of) === earliest)?.as_of ?? moment;
      if (this.#wanted.moment === moment) this.#wanted = { org, moment: known };
      this.onMoment(known, false);
      return;
    }
    this.shown = { org, moment, frames: new Map(frames.map((frame) => [frame.panel, frame])) };
  }
}
