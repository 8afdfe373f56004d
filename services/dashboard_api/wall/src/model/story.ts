/** The story of a case or of one thing: its steps, and what stood at a moment. */
import type { ElementName } from '../protocol/frames';
import { ELEMENTS } from '../protocol/frames';
import {
  keyOf,
  spansOf,
  type CaseTimeline,
  type FactEvent,
  type ThingDetail,
  type TimelineThing,
} from './things';

/**
 * `both`: as it was above, from happening to receipt below, cut by what was known; `known`: as it
 * was known then; `was`: as it was, by all that is known now.
 */
export type Mode = 'both' | 'known' | 'was';
export const MODES: readonly Mode[] = ['both', 'known', 'was'];

export interface Tale {
  was: CaseTimeline;
  known: CaseTimeline;
}

export interface Step {
  key: string;
  at: string;
  ms: number;
  event: FactEvent;
}

/** The events in the order in which they happened, or in which one came to know of them. */
export function stepsOf(tale: Tale, mode: Mode): Step[] {
  return tale.known.events
    .map((event) => {
      const at = mode === 'was' ? event.occurred_at : event.received_at;
      return { key: keyOf(event), at, ms: Date.parse(at), event };
    })
    .sort((a, b) => a.ms - b.ms || a.event.position - b.event.position);
}

/** How many steps were made at a moment. */
export function madeAt(steps: readonly Step[], ms: number): number {
  let made = 0;
  while (made < steps.length && (steps[made]?.ms ?? Infinity) <= ms) made += 1;
  return made;
}

/** The moment that lies `by` steps from another; null where there is none. */
export function stepFrom(steps: readonly Step[], ms: number, by: number): string | null {
  const moments = steps.filter((step, i) => step.ms !== steps[i - 1]?.ms);
  const made = madeAt(moments, ms);
  const target = Math.min(moments.length - 1, Math.max(0, made - 1 + by));
  const step = moments[target];
  return step === undefined || step.ms === ms ? null : step.at;
}

export interface Standing {
  id: string;
  status: string;
  since: string;
}

/** What each thing's status was at a moment, by element; those not yet known are left out. */
export function standingAt(
  things: readonly TimelineThing[],
  ms: number,
): ReadonlyMap<ElementName, Standing[]> {
  const found = new Map<ElementName, Standing[]>(ELEMENTS.map((name) => [name, []]));
  for (const { element, id, spans } of things) {
    const span = spans.filter(({ from }) => Date.parse(from) <= ms).at(-1);
    if (span === undefined) continue;
    found.get(element)?.push({ id, status: span.status, since: span.from });
  }
  return found;
}

/** Whether anything was known of a thing at a moment. */
export function isKnown(tale: Tale, element: ElementName, id: string, ms: number): boolean {
  const own = tale.known.things.find((thing) => thing.element === element && thing.id === id);
  const first = own?.spans[0];
  return first !== undefined && Date.parse(first.from) <= ms;
}

/** A thing that belongs to no case has a story of one row. */
export function alone(thing: ThingDetail): Tale {
  const told = (axis: 'occurred' | 'received'): CaseTimeline => ({
    case_no: '',
    axis,
    as_of: thing.as_of ?? '',
    things: [spansOf(thing.element, thing.id, thing.events, axis)],
    events: thing.events,
  });
  return { was: told('occurred'), known: told('received') };
}

/** The first and the last moment of a story, and how far what still holds runs on. */
export function extentOf(tale: Tale, now: number): { from: number; to: number } {
  const spans = tale.was.things.flatMap((thing) => thing.spans);
  const moments = [
    ...spans.flatMap((span) => [span.from, span.to ?? span.from]),
    ...tale.known.events.flatMap((event) => [event.occurred_at, event.received_at]),
  ].map((moment) => Date.parse(moment));
  if (moments.length === 0) return { from: now - 3_600_000, to: now };
  const from = Math.min(...moments);
  const last = Math.max(...moments);
  // What still holds runs on, yet not so far that the story itself shrinks to nothing.
  const open = spans.some((span) => span.to === null);
  const to = open
    ? Math.max(last, Math.min(now, last + Math.max((last - from) * 0.12, 600_000)))
    : last;
  const air = Math.max((to - from) * 0.02, 60_000);
  return { from: from - air, to: to + air };
}

/** Part of a stretch around a moment; all of it where `length` is null or longer. */
export function windowOf(
  extent: { from: number; to: number },
  moment: number,
  length: number | null,
): { from: number; to: number } {
  if (length === null || length >= extent.to - extent.from) return extent;
  const inside = Math.min(extent.to, Math.max(extent.from, moment));
  const from = Math.min(extent.to - length, Math.max(extent.from, inside - length / 2));
  return { from, to: from + length };
}
