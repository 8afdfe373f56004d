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

export interface ElementList {
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
}

export interface ThingDetail extends ThingRow {
  events: FactEvent[];
  links: { element: string; id: string }[];
}

export interface StatusSpan {
  status: string;
  from: string;
  to: string | null;
}

export interface TimelineThing {
  element: ElementName;
  id: string;
  spans: StatusSpan[];
}

export interface CaseTimeline {
  case_no: string;
  axis: 'occurred' | 'received';
  as_of: string;
  things: TimelineThing[];
  events: FactEvent[];
}

/** An event's identity: its place on its node's log. Ids are unique per source only. */
export function keyOf(event: FactEvent): string {
  return `${event.node}/${event.position}`;
}

/** The spans of one thing, out of the changes that its own events carry. */
export function spansOf(
  element: ElementName,
  id: string,
  events: readonly FactEvent[],
): TimelineThing {
  const spans: StatusSpan[] = [];
  const inOrder = [...events].sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
  for (const event of inOrder) {
    for (const change of event.changes ?? []) {
      if (change.element !== element || change.id !== id || change.to === null) continue;
      const last = spans.at(-1);
      if (last?.status === change.to) continue;
      if (last !== undefined) last.to = event.occurred_at;
      spans.push({ status: change.to, from: event.occurred_at, to: null });
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
