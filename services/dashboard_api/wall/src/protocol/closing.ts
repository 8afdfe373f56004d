/** Why the server will not have this wall back; see docs/protocol.md. */
export type StopReason = 'token' | 'message' | 'origin' | 'subscriptions' | 'other';

const STOPS: Record<number, StopReason> = {
  3500: 'token',
  3501: 'message',
  3502: 'origin',
  3503: 'subscriptions',
};

/** Codes of 3500–3999 end it; all others, abnormal closes too, are worth another try. */
export function stopReason(code: number): StopReason | null {
  if (code < 3500 || code > 3999) return null;
  return STOPS[code] ?? 'other';
}
