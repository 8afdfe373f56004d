/** The story that is open: read whole, moved through step by step. */
import { ApiError, type Api } from '../adapters/api';
import type { Thing } from '../model/route';
import {
  alone,
  isKnown,
  madeAt,
  stepFrom,
  stepsOf,
  type Mode,
  type Step,
  type Tale,
} from '../model/story';
import { caseOf, type ClockRow, type Clocks, type ThingDetail } from '../model/things';

/** What a story is shown by: the moment in view, and how to get to another. */
export interface Stage {
  /** Null: the present. */
  readonly at: string | null;
  readonly newest: number;
  goto(at: string, how: 'jump' | 'slide'): void;
}

const REFRESH_MS = 10_000;
const STEP_MS = 1200;
/** A moment that is passed by is not read. */
const SETTLED_MS = 250;

export class Story {
  /** As of the moment in view; null where nothing was known of it yet. */
  detail = $state.raw<ThingDetail | null>(null);
  tale = $state.raw<Tale | null>(null);
  caseNo = $state<string | null>(null);
  /** The clocks of the persons, at the moment in view. */
  persons = $state.raw<readonly ClockRow[]>([]);
  mode = $state<Mode>('both');
  /** How much of the story is in view, in milliseconds; null: all. */
  zoom = $state<number | null>(null);
  playing = $state(false);
  failed = $state<string | null>(null);

  #steps = $state.raw<Record<Mode, readonly Step[]>>({ both: [], known: [], was: [] });
  #readFor: string | null | undefined = undefined;
  #gone = false;
  #told = '';
  #player: ReturnType<typeof setInterval> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  readonly #refresher: ReturnType<typeof setInterval>;

  constructor(
    readonly thing: Thing,
    private readonly api: Api,
    private readonly stage: Stage,
  ) {
    void this.read();
    this.#refresher = setInterval(() => {
      if (this.stage.at === null || this.failed !== null) void this.read();
    }, REFRESH_MS);
  }

  /** In the order of the mode in view. */
  get steps(): readonly Step[] {
    return this.#steps[this.mode];
  }

  /** The moment that cuts the story. */
  get moment(): number {
    return this.stage.at === null ? this.stage.newest : Date.parse(this.stage.at);
  }

  /** How many steps were made at the moment in view. */
  get made(): number {
    return madeAt(this.steps, this.moment);
  }

  get current(): Step | undefined {
    return this.steps[this.made - 1];
  }

  step(by: number): void {
    const at = stepFrom(this.steps, this.moment, by);
    if (at !== null) this.stage.goto(at, 'slide');
  }

  first(): void {
    this.step(-this.steps.length);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.#play();
  }

  pause(): void {
    clearInterval(this.#player);
    this.playing = false;
  }

  stop(): void {
    this.#gone = true;
    this.pause();
    clearInterval(this.#refresher);
    clearTimeout(this.#settling);
  }

  /** The moment in view is another one: what is told of it is read once it stays. */
  moved(): void {
    if (this.tale === null || this.stage.at === this.#readFor) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#readDetail(), SETTLED_MS);
  }

  async read(): Promise<void> {
    try {
      const whole = await this.api.thing(this.thing.element, this.thing.id, null);
      const caseNo = caseOf(whole);
      const tale = caseNo === null ? alone(whole) : await this.#tale(caseNo);
      if (this.#gone) return;
      this.caseNo = caseNo;
      this.failed = null;
      this.#tell(tale);
      await this.#readDetail(whole);
    } catch (error) {
      this.#failedBy(error);
    }
  }

  /** What did not change stays as it is on screen. */
  #tell(tale: Tale): void {
    const told = JSON.stringify([tale.was.things, tale.known.things, tale.known.events.length]);
    if (told === this.#told) return;
    this.#told = told;
    this.tale = tale;
    const known = stepsOf(tale, 'known');
    this.#steps = { both: known, known, was: stepsOf(tale, 'was') };
  }

  async #tale(caseNo: string): Promise<Tale> {
    const [was, known] = await Promise.all([
      this.api.timeline(caseNo, 'occurred', null),
      this.api.timeline(caseNo, 'received', null),
    ]);
    return { was, known };
  }

  /** `now`: the thing as of the present, where it has just been read. */
  async #readDetail(now?: ThingDetail): Promise<void> {
    const { at } = this.stage;
    this.#readFor = at;
    try {
      const detail = at === null && now ? now : await this.#at(at, this.thing);
      const persons = await this.#clocks(at, detail);
      if (this.#gone || this.stage.at !== at) return;
      this.detail = detail;
      this.persons = persons;
      this.failed = null;
    } catch (error) {
      this.#failedBy(error);
    }
  }

  /** Null where nothing was known of the thing at that moment. */
  async #at(at: string | null, { element, id }: Thing): Promise<ThingDetail | null> {
    if (at !== null && this.tale !== null && !isKnown(this.tale, element, id, Date.parse(at))) {
      return null;
    }
    return this.api.thing(element, id, at);
  }

  async #clocks(at: string | null, detail: ThingDetail | null): Promise<ClockRow[]> {
    if (detail?.element === 'person') return clocked(detail, detail.clocks);
    if (detail?.element !== 'case') return [];
    const persons = this.tale?.was.things.filter(({ element }) => element === 'person') ?? [];
    const details = await Promise.all(persons.map((person) => this.#at(at, person)));
    return details.flatMap((person) => (person === null ? [] : clocked(person, person.clocks)));
  }

  #failedBy(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (!this.#gone) this.failed = error.code;
  }

  #play(): void {
    if (this.made >= this.steps.length) this.first();
    this.playing = true;
    this.#player = setInterval(() => {
      if (stepFrom(this.steps, this.moment, 1) === null) this.pause();
      else this.step(1);
    }, STEP_MS);
  }
}

function clocked(person: ThingDetail, clocks: Clocks | undefined): ClockRow[] {
  if (clocks === undefined) return [];
  const { id, org, status } = person;
  return [{ person_no: id, org, status, case_no: caseOf(person), clocks }];
}
