import type { ElementName } from '../protocol/frames';

const STARS = '******';

/**
 * How an identifier is shown. A person's keeps its letter and last four digits; a thing's keeps
 * enough to tell its place and number.
 */
export function maskId(element: ElementName, id: string): string {
  if (element === 'person') {
    const letter = /^[A-Za-z]/.exec(id)?.[0] ?? '';
    return id.length <= 4 + letter.length
      ? `${letter}${STARS}`
      : `${letter}${STARS}${id.slice(-4)}`;
  }
  return id.length <= 12 ? id : `${id.slice(0, 5)}…${id.slice(-4)}`;
}
