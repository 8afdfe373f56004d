/** How far the screen can be believed. */
import type { Phase } from '../protocol/link';

export type Trust = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'stopped';

/** Older than this, a number is no longer shown: it would be taken for the present. */
export const STALE_AFTER_MS = 30_000;

export interface Knowledge {
  phase: Phase;
  /** The data time, in milliseconds of the server's clock; null before the first frame. */
  asOf: number | null;
  /** Now, by the server's clock. */
  serverNow: number;
}

export function isStale({ asOf, serverNow }: Knowledge): boolean {
  return asOf !== null && serverNow - asOf > STALE_AFTER_MS;
}

export function trustOf(knowledge: Knowledge): Trust {
  if (knowledge.phase === 'stopped') return 'stopped';
  if (isStale(knowledge)) return 'stale';
  if (knowledge.phase === 'live') return knowledge.asOf === null ? 'connecting' : 'live';
  return knowledge.asOf === null ? 'connecting' : 'reconnecting';
}
