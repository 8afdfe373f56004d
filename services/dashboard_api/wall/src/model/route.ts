/** What is on screen, as it stands in the address: shareable, and back and forward work. */
import { ELEMENTS, type ElementName } from '../protocol/frames';

export type Lang = 'zh' | 'en';

export interface Thing {
  element: ElementName;
  id: string;
}

export const SOURCE_CHOICES = ['all', 'fresh', 'late', 'silent', 'missing'] as const;
/** Which sources are listed; silent ones with those never heard, missing: with gaps in numbers. */
export type SourceChoice = (typeof SOURCE_CHOICES)[number];

export interface Route {
  /** Null: the highest organisation that the token may see. */
  org: string | null;
  element: ElementName;
  lang: Lang;
  /** The moment in view, as RFC 3339 with offset; null: the present, live. */
  at: string | null;
  /** The open list of the element: all active things, or those of one status. */
  list: { status: string | null } | null;
  /** The open list of sources. */
  sources: SourceChoice | null;
  thing: Thing | null;
}

export const HOME: Route = {
  org: null,
  element: 'person',
  lang: 'zh',
  at: null,
  list: null,
  sources: null,
  thing: null,
};

/** Nothing is open: what a change of place or element leaves. */
export const CLOSED = { list: null, sources: null, thing: null } as const;

export function isElement(name: string | null | undefined): name is ElementName {
  return ELEMENTS.some((element) => element === name);
}

const ALL = 'all';
const KEYS = ['org', 'panel', 'element', 'lang', 'at', 'list', 'sources', 'thing'];
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads `#org=…&element=…&at=…`; `panel` is another word for `element`. What is not understood
 * falls back to the default.
 */
export function parseRoute(hash: string): Route {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const org = query.get('org');
  const element = query.get('element') ?? query.get('panel');
  const list = query.get('list');
  return {
    org: org !== null && /^\d{12}$/.test(org) ? org : null,
    element: isElement(element) ? element : HOME.element,
    lang: query.get('lang') === 'en' ? 'en' : 'zh',
    at: parseMoment(query.get('at')),
    list: list === null ? null : { status: list === ALL ? null : list },
    sources: parseSources(query.get('sources')),
    thing: parseThing(query.get('thing')),
  };
}

function parseMoment(text: string | null): string | null {
  return text !== null && MOMENT.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

function parseSources(text: string | null): SourceChoice | null {
  return SOURCE_CHOICES.find((choice) => choice === text) ?? null;
}

function parseThing(text: string | null): Thing | null {
  const slash = text?.indexOf('/') ?? -1;
  if (text === null || slash < 0) return null;
  const element = text.slice(0, slash);
  const id = text.slice(slash + 1);
  return isElement(element) && id !== '' ? { element, id } : null;
}

export function formatRoute(route: Route): string {
  const query = new URLSearchParams();
  if (route.org !== null) query.set('org', route.org);
  query.set('element', route.element);
  if (route.lang !== 'zh') query.set('lang', route.lang);
  if (route.at !== null) query.set('at', route.at);
  if (route.list !== null) query.set('list', route.list.status ?? ALL);
  if (route.sources !== null) query.set('sources', route.sources);
  if (route.thing !== null) query.set('thing', `${route.thing.element}/${route.thing.id}`);
  return `#${query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}`;
}

/**
 * A place given as `?org=…&at=…` moved behind the `#`, where no server hears of it; what says how
 * the wall is put up (`?profile=…`) stays. Null where there is nothing to move.
 */
export function moveIntoHash(
  search: string,
  hash: string,
): { search: string; hash: string } | null {
  const outer = new URLSearchParams(search);
  const inner = new URLSearchParams(hash.replace(/^#/, ''));
  const moved = KEYS.filter((key) => outer.has(key));
  if (moved.length === 0) return null;
  for (const key of moved) {
    if (!inner.has(key)) inner.set(key, outer.get(key) ?? '');
    outer.delete(key);
  }
  const rest = outer.toString();
  return { search: rest === '' ? '' : `?${rest}`, hash: formatHash(inner) };
}

function formatHash(query: URLSearchParams): string {
  const text = query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':');
  return text === '' ? '' : `#${text}`;
}

/** The token of `#token=…` and the address without it. */
export function takeToken(hash: string): { token: string | null; hash: string } {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const token = query.get('token');
  query.delete('token');
  return { token: token === '' ? null : token, hash: formatHash(query) };
}
