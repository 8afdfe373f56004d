/** What every view of the wall can reach; handed down by Svelte's context. */
import { getContext, setContext } from 'svelte';
import { ApiError, type Api } from '../adapters/api';
import { allDark, isDark, sourceFor } from '../model/freshness';
import { Organisations, type Organisation } from '../model/organisations';
import type { Lang } from '../model/route';
import { clockOf, type Clock } from '../model/time';
import { DEFAULT_TIME_ZONE, elementOf, type Element, type Vocabulary } from '../model/vocabulary';
import { word, type Word } from '../model/words';
import type { ElementName } from '../protocol/frames';
import type { Topology } from 'topojson-specification';
import { Live } from './live.svelte';
import { Navigation } from './navigation.svelte';

export interface Reference {
  vocabulary: Vocabulary;
  organisations: Organisation[];
  /** Null: this force has no map. */
  map: Topology | null;
}

export class Wall {
  readonly navigation = new Navigation();
  readonly live: Live;
  organisations = $state.raw<Organisations>() as Organisations;
  readonly vocabulary: Vocabulary;
  readonly map: Topology | null;
  readonly clock: Clock;

  constructor(
    token: string,
    readonly api: Api,
    reference: Reference,
  ) {
    this.live = new Live(token);
    this.organisations = new Organisations(reference.organisations);
    this.vocabulary = reference.vocabulary;
    this.map = reference.map;
    this.clock = clockOf(reference.vocabulary.time_zone ?? DEFAULT_TIME_ZONE);
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

  /** No source of the organisation in view can be believed, or the picture is too old. */
  get unknown(): boolean {
    if (this.live.stale) return true;
    const frame = this.live.freshness(this.org.code);
    return frame !== undefined && Object.keys(frame.sources).length > 0 && allDark(frame);
  }

  /** Of a county (or a city's own centre): its source is silent, or there is none. */
  isDark(code: string): boolean {
    const frame = this.live.freshness(this.org.code);
    return frame !== undefined && isDark(sourceFor(frame, code));
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
