/** Which sources can be believed at this moment. */
import type { SourceChoice } from './route';
import type { FreshnessFrame, Source, SourceState } from '../protocol/frames';

export interface SourceRow extends Source {
  code: string;
}

export interface Tally {
  total: number;
  fresh: number;
  late: number;
  /** Silent, or never heard of. */
  silent: number;
  /** Sequence numbers not yet received. */
  missing: number;
}

/** What a source is shown as; `unknown` when the wall itself is cut off. */
export type ShownState = SourceState | 'unknown';

const WORST: Record<SourceState, number> = { silent: 0, never: 1, late: 2, fresh: 3 };

export function isDark(source: Source | undefined): boolean {
  return source === undefined || source.state === 'silent' || source.state === 'never';
}

export function tally(frame: FreshnessFrame): Tally {
  const count: Tally = { total: 0, fresh: 0, late: 0, silent: 0, missing: 0 };
  for (const source of Object.values(frame.sources)) {
    count.total += 1;
    count.missing += source.missing;
    if (source.state === 'fresh') count.fresh += 1;
    else if (source.state === 'late') count.late += 1;
    else count.silent += 1;
  }
  return count;
}

/** What needs a look, worst first: silent longest, never heard, latest, then gaps. */
export function troubled(frame: FreshnessFrame): SourceRow[] {
  return worstFirst(frame).filter((row) => row.state !== 'fresh' || row.missing > 0);
}

function worstFirst(frame: FreshnessFrame): SourceRow[] {
  return Object.entries(frame.sources)
    .map(([code, source]) => ({ code, ...source }))
    .sort(
      (a, b) =>
        WORST[a.state] - WORST[b.state] ||
        (a.last_received_at ?? '').localeCompare(b.last_received_at ?? '') ||
        b.missing - a.missing ||
        a.code.localeCompare(b.code),
    );
}

/** The sources that a number counts, or all of them, worst first. */
export function chosen(frame: FreshnessFrame, choice: SourceChoice): SourceRow[] {
  return worstFirst(frame).filter((row) => {
    if (choice === 'all') return true;
    if (choice === 'missing') return row.missing > 0;
    return choice === 'silent' ? isDark(row) : row.state === choice;
  });
}

/** The sources under each city's four digits, the city's own centre first. */
export function byCity(frame: FreshnessFrame): Map<string, SourceRow[]> {
  const groups = new Map<string, SourceRow[]>();
  for (const code of Object.keys(frame.sources).sort()) {
    const source = frame.sources[code];
    if (source === undefined) continue;
    const city = code.slice(0, 4);
    const group = groups.get(city) ?? [];
    group.push({ code, ...source });
    groups.set(city, group);
  }
  return groups;
}

/** When the newest fact came in, over all sources; null when none ever did. */
export function newestReceived(frame: FreshnessFrame): string | null {
  let newest: string | null = null;
  for (const { last_received_at: at } of Object.values(frame.sources)) {
    if (at !== null && (newest === null || at > newest)) newest = at;
  }
  return newest;
}

/**
 * The source that speaks for an organisation: its county's, its city's or its province's. Where
 * counties send for themselves, a county that has no centre has no source.
 */
export function sourceFor(frame: FreshnessFrame, code: string): Source | undefined {
  const countiesSend = Object.keys(frame.sources).some((sender) => sender.slice(4, 6) !== '00');
  const isCounty = code.slice(4, 6) !== '00';
  for (const digits of isCounty && countiesSend ? [6] : [6, 4, 2]) {
    const source = frame.sources[code.slice(0, digits).padEnd(12, '0')];
    if (source !== undefined) return source;
  }
  return undefined;
}

/** True when no source of this organisation can be believed: its numbers are unknown. */
export function allDark(frame: FreshnessFrame): boolean {
  return Object.values(frame.sources).every(isDark);
}
