/** Lists of things, one thing, and the timeline of a case, as the server gives them. */
import type { ElementName } from '../protocol/frames';
import { maskId } from './mask';
import { isElement, type Lang } from './route';

export type State = Record<string, unknown>;

export interface ThingRow {
  element: ElementName;
  id: string;
  status: string | null;
  since: string | null;
  org: string;
  state: State | null;
}

/** As it was (by what is known now), or as it was known. */
export type Axis = 'occurred' | 'received';

export interface ElementList {
  as_of: string;
  items: ThingRow[];
  next: string | null;
}

export interface Change {
  element: string;
  id: string;
  from: string | null;
  to: string | null;
}

export interface FactEvent {
  id: string;
  type: string;
  occurred_at: string;
  recorded_at?: string | null;
  received_at: string;
  org?: string;
  source?: string;
  sequence?: number | null;
  node: string;
  position: number;
  corrects?: string | null;
  /** SHA-256 of the stream's event before, empty for its first. */
  prev?: string;
  data?: State;
  changes?: Change[];
  /** Seconds from happening to being typed in. */
  late_s?: number;
  /** The id of the event that corrects this one. */
  corrected_by?: string | null;
  /** SHA-256 of the stored event; null where it cannot be told. */
  hash?: string | null;
  chain?: 'checked' | 'broken' | 'newest';
}

/** The legal clock of a person; what the facts do not say is null, and `unknown` says why. */
export interface LegalClock {
  measure: string | null;
  basis: string | null;
  started_at: string | null;
  limit_s: number | null;
  used_s: number | null;
  /** Negative once it is over. */
  left_s: number | null;
  due_at: string | null;
  excluded: { from: string; to: string | null; reason: string | null; basis: string | null }[];
  unknown?: string | null;
}

export interface AreaClock {
  entered_at: string | null;
  left_at: string | null;
  used_s: number | null;
  out: { from: string; to: string | null }[];
}

export interface Clocks {
  legal: LegalClock | null;
  in_area: AreaClock | null;
}

/** One step of a person's stay, an item's custody or a dossier's life. */
export interface Entry {
  kind: string;
  from: string;
  to: string | null;
  by: string[];
  what?: string | null;
  room?: string | null;
  where?: string | null;
  holder?: string | null;
  due_back?: string | null;
  over_s?: number | null;
  mismatch?: boolean;
  missing?: string[];
  events?: string[];
}

export interface ThingDetail extends ThingRow {
  as_of?: string;
  events: FactEvent[];
  links: { element: string; id: string }[];
  /** Of a person. */
  clocks?: Clocks;
  chain?: Entry[];
  /** Of an item. */
  custody?: Entry[];
  /** Of a dossier. */
  life?: Entry[];
}

/** A person in the area, with the clocks. */
export interface ClockRow {
  person_no: string;
  org: string;
  status: string | null;
  case_no: string | null;
  clocks: Clocks;
}

export interface ClockList {
  as_of: string;
  items: ClockRow[];
}

export interface StatusSpan {
  status: string;
  from: string;
  to: string | null;
}

/** A stretch of a thing's row in which something is not known, or cannot be. */
export interface Seam {
  kind: string;
  from: string;
  to: string | null;
}

export interface TimelineThing {
  element: ElementName;
  id: string;
  spans: StatusSpan[];
  gaps?: Seam[];
  overlaps?: Seam[];
}

/** What is decided or written within a case. */
export interface Within {
  measure?: string;
  doc_type?: string;
  from: string;
  to: string | null;
  state: string | null;
}

export interface CaseTimeline {
  case_no: string;
  axis: Axis;
  as_of: string;
  things: TimelineThing[];
  events: FactEvent[];
  measures?: Within[];
  documents?: Within[];
}

/** An event's identity: its place on its node's log. Ids are unique per source only. */
export function keyOf(event: FactEvent): string {
  return `${event.node}/${event.position}`;
}

/** The spans of one thing, out of the changes that its own events carry, on an axis. */
export function spansOf(
  element: ElementName,
  id: string,
  events: readonly FactEvent[],
  axis: Axis,
): TimelineThing {
  const at = (event: FactEvent): string =>
    axis === 'occurred' ? event.occurred_at : event.received_at;
  const spans: StatusSpan[] = [];
  for (const event of [...events].sort((a, b) => Date.parse(at(a)) - Date.parse(at(b)))) {
    for (const change of event.changes ?? []) {
      if (change.element !== element || change.id !== id || change.to === null) continue;
      const last = spans.at(-1);
      if (last?.status === change.to) continue;
      if (last !== undefined) last.to = at(event);
      spans.push({ status: change.to, from: at(event), to: null });
    }
  }
  return { element, id, spans };
}

/** The case that a thing belongs to: itself, or the first that it is linked to. */
export function caseOf(thing: ThingDetail): string | null {
  if (thing.element === 'case') return thing.id;
  return thing.links.find((link) => link.element === 'case')?.id ?? null;
}

export function linkedThings(thing: ThingDetail): { element: ElementName; id: string }[] {
  return thing.links.flatMap(({ element, id }) => (isElement(element) ? [{ element, id }] : []));
}

const GIST: Record<ElementName, readonly string[]> = {
  incident: ['category', 'place'],
  person: ['case_reason', 'legal_basis', 'arrival_mode'],
  property: ['name', 'category'],
  case: ['case_reason', 'type'],
  place: ['kind', 'zone'],
  dossier: ['kind'],
};

/** The one or two words of a thing's state that tell what it is. */
export function gist(element: ElementName, state: State | null): string {
  const words = GIST[element].map((field) => state?.[field]);
  return words
    .filter((value) => typeof value === 'string' && value !== '')
    .slice(0, 2)
    .join(' ');
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const PERSONS = new Set(['person_no', 'persons_brought']);

/**
 * A field's value in a line of text: lists by commas, yes and no as words, moments as `moment`
 * writes them, persons masked.
 */
export function fieldText(
  field: string,
  value: unknown,
  lang: Lang,
  moment: (ms: number) => string,
): string {
  if (value === null || value === undefined) return '—';
  if (typeof value === 'boolean') {
    return lang === 'zh' ? (value ? '是' : '否') : value ? 'yes' : 'no';
  }
  if (Array.isArray(value)) {
    return value.map((item) => fieldText(field, item, lang, moment)).join('、') || '—';
  }
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([inner, held]) => `${inner} ${fieldText(inner, held, lang, moment)}`)
      .join('，');
  }
  const text = String(value as string | number);
  if (PERSONS.has(field)) return maskId('person', text);
  return MOMENT.test(text) ? moment(Date.parse(text)) : text;
}
