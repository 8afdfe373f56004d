/** How far the screen can be believed, and of which time it is. */
import type { Phase } from '../protocol/link';

export type Trust = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'stopped';

/** What the whole page shows: the present, as far as it can be believed, or the past. */
export type Picture = Trust | 'history' | 'replay';

/** Older than this, the picture is called stale and greyed: it is no longer the present. */
export const STALE_AFTER_MS = 30_000;

/** Older than this, a number is no longer shown at all: somebody would take it for the present. */
export const EXPIRED_AFTER_MS = 300_000;

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

export function isExpired({ asOf, serverNow }: Knowledge): boolean {
  return asOf !== null && serverNow - asOf > EXPIRED_AFTER_MS;
}

export function trustOf(knowledge: Knowledge): Trust {
  if (knowledge.phase === 'stopped') return 'stopped';
  if (isStale(knowledge)) return 'stale';
  if (knowledge.phase === 'live') return knowledge.asOf === null ? 'connecting' : 'live';
  return knowledge.asOf === null ? 'connecting' : 'reconnecting';
}

/** False where numbers are greyed: they are neither of the present nor of a named moment. */
export function isFirm(picture: Picture): boolean {
  return picture === 'live' || picture === 'history' || picture === 'replay';
}
