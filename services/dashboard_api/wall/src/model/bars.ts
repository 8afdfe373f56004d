import type { Axis } from './axis';
import type { Element } from './vocabulary';

/** Where a bar lies on its axis, in percent of its length. */
export interface Place {
  left: number;
  width: number;
}

/** A moment on an axis, in percent from 0 to 100; what lies outside is at an end. */
export const percentOn = (axis: Axis, ms: number): number =>
  Math.min(1, Math.max(0, axis.at(ms))) * 100;

/** The bar of a stretch of time; one without an end reaches to the end of the axis. */
export function placeOn(axis: Axis, span: { from: string; to: string | null }): Place {
  const left = percentOn(axis, Date.parse(span.from));
  const right = span.to === null ? 100 : percentOn(axis, Date.parse(span.to));
  return { left, width: Math.max(0, right - left) };
}

/** Which of three tones tells a status from those beside it; 0 for a final one. */
export function toneOf(element: Element, status: string): number {
  const known = element.statuses.findIndex((candidate) => candidate.name === status);
  if (element.statuses[known]?.active === false) return 0;
  return 1 + (Math.max(0, known) % 3);
}
