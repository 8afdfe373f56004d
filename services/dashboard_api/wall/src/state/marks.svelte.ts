/** How much moved on past days: read once for each organisation and day, for they do not change. */
import { ApiError, type Api } from '../adapters/api';
import { isoOf } from '../model/track';
import { movement, toSeries } from '../model/trend';
import { ELEMENTS, type ElementFrame } from '../protocol/frames';

/** Somebody who drills on asks for nothing meanwhile. */
const SETTLED_MS = 1500;
/** Organisations whose days are kept. */
const MOST = 12;

export class Marks {
  /** Changes by bucket end in seconds, of the organisation asked for last. */
  changes = $state.raw<ReadonlyMap<number, number | null>>(new Map());

  readonly #kept = new Map<string, Map<number, ReadonlyMap<number, number | null>>>();
  #org = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;

  constructor(private readonly api: Api) {}

  /** Asks for the days that end at these midnights. */
  want(org: string, midnights: readonly number[]): void {
    if (org !== this.#org) this.changes = new Map();
    this.#org = org;
    this.#round += 1;
    clearTimeout(this.#timer);
    this.#tell();
    const missing = midnights.filter((day) => !this.#daysOf(org).has(day));
    if (missing.length === 0) return;
    const round = this.#round;
    // The newest days first: they are looked at most.
    this.#timer = setTimeout(() => void this.#read(org, missing.reverse(), round), SETTLED_MS);
  }

  stop(): void {
    this.#round += 1;
    clearTimeout(this.#timer);
  }

  async #read(org: string, midnights: readonly number[], round: number): Promise<void> {
    for (const midnight of midnights) {
      if (round !== this.#round) return;
      try {
        this.#daysOf(org).set(midnight, await this.#day(org, midnight));
      } catch (error) {
        // Marks help to find one's way: without them the track still leads everywhere.
        if (error instanceof ApiError) return;
        throw error;
      }
      if (round === this.#round) this.#tell();
    }
  }

  async #day(org: string, midnight: number): Promise<ReadonlyMap<number, number | null>> {
    const lines = [];
    for (const name of ELEMENTS) {
      const frame = (await this.api.panel(org, name, isoOf(midnight))) as ElementFrame;
      lines.push(toSeries(frame.trend));
    }
    const { ends, values } = movement(lines);
    return new Map(ends.map((end, i) => [end, values[i] ?? null]));
  }

  #daysOf(org: string): Map<number, ReadonlyMap<number, number | null>> {
    const days = this.#kept.get(org) ?? new Map<number, ReadonlyMap<number, number | null>>();
    // Asked again, it is the newest of those kept.
    this.#kept.delete(org);
    this.#kept.set(org, days);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
    return days;
  }

  #tell(): void {
    const days = [...this.#daysOf(this.#org).entries()].sort(([a], [b]) => a - b);
    this.changes = new Map(days.flatMap(([, day]) => [...day]));
  }
}
