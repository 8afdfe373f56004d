/** What an event changed, as one line of text. */
import { maskId } from './mask';
import { isElement, type Lang } from './route';
import type { FactEvent } from './things';
import { elementOf, statusName, type Vocabulary } from './vocabulary';

/** Each thing that the event moved, with the status that it came to. */
export function movesOf(event: FactEvent, vocabulary: Vocabulary, lang: Lang): string {
  return (event.changes ?? [])
    .filter((change) => change.from !== change.to)
    .flatMap((change) => {
      if (!isElement(change.element)) return [];
      const element = elementOf(vocabulary, change.element);
      const thing = maskId(change.element, change.id);
      return [`${thing} → ${statusName(element, change.to, lang)}`];
    })
    .join('　');
}

const LATE_MS = 30 * 60_000;

/** How long after it happened it was received, where that is long; else null. */
export function lateBy(event: FactEvent): number | null {
  const ms = Date.parse(event.received_at) - Date.parse(event.occurred_at);
  return ms > LATE_MS ? ms : null;
}
