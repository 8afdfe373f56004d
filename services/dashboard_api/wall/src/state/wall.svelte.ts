/** What every view of the wall can reach; handed down by Svelte's context. */
import { getContext, setContext } from 'svelte';
import { ApiError, type Api } from '../adapters/api';
import { allDark, isDark, sourceFor } from '../model/freshness';
import { Organisations, type Organisation } from '../model/organisations';
import type { Lang, Thing } from '../model/route';
import { parseSetting, type Setting } from '../model/setting';
import { isoOf, type SpanName } from '../model/track';
import type { Picture } from '../model/trust';
import { clockOf, type Clock } from '../model/time';
import { DEFAULT_TIME_ZONE, elementOf, type Element, type Vocabulary } from '../model/vocabulary';
import { word, type Word } from '../model/words';
import type { ElementFrame, ElementName, FreshnessFrame } from '../protocol/frames';
import type { Topology } from 'topojson-specification';
import { Live } from './live.svelte';
import { Marks } from './marks.svelte';
import { Navigation } from './navigation.svelte';
import { Past, SPEEDS } from './past.svelte';
import { Shortest } from './shortest.svelte';
import { Story } from './story.svelte';

export interface Reference {
  vocabulary: Vocabulary;
  organisations: Organisation[];
  /** Null: this force has no map. */
  map: Topology | null;
}

export class Wall {
  readonly navigation = new Navigation();
  readonly live: Live;
  readonly past: Past;
  readonly marks: Marks;
  readonly shortest: Shortest;
  readonly setting: Setting;
  /** How much of time the replay bar spans. */
  span = $state<SpanName>('week');
  /** The story that is open. */
  story = $state.raw<Story | null>(null);
  organisations = $state.raw<Organisations>() as Organisations;
  readonly vocabulary: Vocabulary;
  readonly map: Topology | null;
  readonly clock: Clock;
  readonly timeZone: string;

  constructor(
    token: string,
    readonly api: Api,
    reference: Reference,
  ) {
    this.live = new Live(token);
    this.past = new Past(api, this.live, (moment, ended) => {
      this.navigation.slide({ at: ended ? null : moment });
    });
    this.live.replays = this.past;
    this.organisations = new Organisations(reference.organisations);
    this.vocabulary = reference.vocabulary;
    this.map = reference.map;
    this.timeZone = reference.vocabulary.time_zone ?? DEFAULT_TIME_ZONE;
    this.clock = clockOf(this.timeZone);
    this.marks = new Marks(api);
    this.shortest = new Shortest(api);
    this.setting = parseSetting(location.search);
  }

  get lang(): Lang {
    return this.navigation.route.lang;
  }

  /** Codes that the server was asked about before: it knows no more of them than it said. */
  readonly #asked = new Set<string>();

  /**
   * Stations become known as they send: when a frame names one that the tree does not hold, the
   * tree is read anew, once for each such code. A failure leaves the tree as it is.
   */
  async learn(codes: readonly string[]): Promise<void> {
    const fresh = codes.filter((code) => !this.organisations.find(code) && !this.#asked.has(code));
    if (fresh.length === 0) return;
    for (const code of fresh) this.#asked.add(code);
    try {
      this.organisations = new Organisations(await this.api.organisations());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 0) for (const code of fresh) this.#asked.delete(code);
    }
  }

  /** The organisation in view: the one in the address, or the highest in the token's scope. */
  get org(): Organisation {
    const { organisations } = this;
    return organisations.find(this.navigation.route.org) ?? organisations.root;
  }

  get element(): Element {
    return elementOf(this.vocabulary, this.navigation.route.element);
  }

  /** The moment in view; null: the present. */
  get at(): string | null {
    return this.navigation.route.at;
  }

  get picture(): Picture {
    if (this.at === null) return this.live.trust;
    return this.past.playing ? 'replay' : 'history';
  }

  /** The frame of an element in view, of the present or of the moment in view. */
  frame(name: ElementName): ElementFrame | undefined {
    const { code } = this.org;
    return this.at === null ? this.live.element(name, code) : this.past.element(name, code);
  }

  get freshness(): FreshnessFrame | undefined {
    const { code } = this.org;
    return this.at === null ? this.live.freshness(code) : this.past.freshness(code);
  }

  /** The data time of what is shown, in milliseconds; null before anything is. */
  get asOf(): number | null {
    if (this.at === null) return this.live.asOf;
    const { shown } = this.past;
    const read =
      shown !== null && shown.org === this.org.code && this.navigation.route.thing === null;
    return Date.parse(read ? shown.moment : this.at);
  }

  /** What ages are counted from: the present, or the moment in view. */
  get now(): number {
    return this.at === null ? this.live.serverNow : (this.asOf ?? this.live.serverNow);
  }

  /** The moment of an element's number, to ask for exactly what it counts; null: not shown yet. */
  momentOf(name: ElementName): string | null {
    if (this.at === null) return this.live.element(name, this.org.code)?.as_of ?? null;
    return this.past.shown?.org === this.org.code ? this.past.shown.moment : null;
  }

  /** The picture of the present is too old for anything to be said of any source. */
  get stale(): boolean {
    return this.at === null && this.live.stale;
  }

  /** No source of the organisation in view can be believed, or the picture is far too old. */
  get unknown(): boolean {
    if (this.at === null && this.live.expired) return true;
    const frame = this.freshness;
    return frame !== undefined && Object.keys(frame.sources).length > 0 && allDark(frame);
  }

  /** Of a county (or a city's own centre): its source is silent, or there is none. */
  isDark(code: string): boolean {
    const frame = this.freshness;
    return frame !== undefined && isDark(sourceFor(frame, code));
  }

  /** The newest moment that anything is known of, in milliseconds. */
  get newest(): number {
    return this.live.asOf ?? this.live.serverNow;
  }

  /** Follows the place and the moment in view. A story reads for itself and needs no panels. */
  look(org: string, at: string | null, story: boolean): void {
    if (at === null || story) this.past.leave();
    else if (!this.past.playing) this.past.stand(org, at);
    else if (this.past.org !== org) this.past.play(org, at, isoOf(this.newest));
  }

  /** Opens the story of a thing, or closes the one that is open. */
  tell(thing: Thing | null): void {
    const open = this.story?.thing;
    if (open?.element === thing?.element && open?.id === thing?.id) return;
    this.story?.stop();
    this.story = thing === null ? null : new Story(thing, this.api, this);
  }

  /** Shows a moment to the microsecond; for what is already a moment of the past. */
  goto(at: string, how: 'jump' | 'slide'): void {
    if (this.at === null || how === 'jump') this.navigation.go({ at });
    else this.navigation.slide({ at });
  }

  /** Shows a moment; a jump is a step that "back" undoes, a slide within the past is not. */
  seek(moment: number, how: 'jump' | 'slide'): void {
    const at = isoOf(Math.floor(Math.min(moment, this.newest) / 1000) * 1000);
    const entering = this.at === null;
    const playing = this.past.playing;
    if (playing) this.past.pause();
    if (entering || how === 'jump') this.navigation.go({ at });
    else this.navigation.slide({ at });
    if (playing) this.play();
  }

  /** Plays on from the moment in view up to the present. */
  play(): void {
    if (this.at === null) return;
    this.past.play(this.org.code, this.at, isoOf(this.newest));
  }

  /** Pauses the present, or pauses and plays the past; an open story is played step by step. */
  toggle(): void {
    if (this.story !== null) this.story.toggle();
    else if (this.at === null) this.seek(this.newest, 'jump');
    else if (this.past.playing) this.past.pause();
    else this.play();
  }

  setSpeed(speed: number): void {
    this.past.speed = speed;
    if (this.past.playing) this.play();
  }

  /** One speed up or down. */
  shiftSpeed(by: 1 | -1): void {
    const next = SPEEDS[SPEEDS.findIndex((speed) => speed === this.past.speed) + by];
    if (next !== undefined) this.setSpeed(next);
  }

  backToLive(): void {
    this.past.leave();
    this.story?.pause();
    this.navigation.go({ at: null });
  }

  word(name: Word): string {
    return word(this.lang, name);
  }

  elementNamed(name: ElementName): Element {
    return elementOf(this.vocabulary, name);
  }
}

const KEY = Symbol('wall');

export function provideWall(wall: Wall): void {
  setContext(KEY, wall);
}

export function useWall(): Wall {
  return getContext<Wall>(KEY);
}
