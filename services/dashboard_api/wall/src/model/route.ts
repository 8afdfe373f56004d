/** What is on screen, as it stands in the address: shareable, and back and forward work. */
import { ELEMENTS, type ElementName } from '../protocol/frames';

export type Lang = 'zh' | 'en';

export interface Thing {
  element: ElementName;
  id: string;
}

export interface Route {
  /** Null: the highest organisation that the token may see. */
  org: string | null;
  element: ElementName;
  lang: Lang;
  /** The open list of the element: all active things, or those of one status. */
  list: { status: string | null } | null;
  thing: Thing | null;
}

export const HOME: Route = { org: null, element: 'person', lang: 'zh', list: null, thing: null };

export function isElement(name: string | null | undefined): name is ElementName {
  return ELEMENTS.some((element) => element === name);
}

const ALL = 'all';

/** Reads `#org=…&element=…`; what is not understood falls back to the default. */
export function parseRoute(hash: string): Route {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const org = query.get('org');
  const element = query.get('element');
  const list = query.get('list');
  return {
    org: org !== null && /^\d{12}$/.test(org) ? org : null,
    element: isElement(element) ? element : HOME.element,
    lang: query.get('lang') === 'en' ? 'en' : 'zh',
    list: list === null ? null : { status: list === ALL ? null : list },
    thing: parseThing(query.get('thing')),
  };
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
  if (route.list !== null) query.set('list', route.list.status ?? ALL);
  if (route.thing !== null) query.set('thing', `${route.thing.element}/${route.thing.id}`);
  return `#${query.toString().replaceAll('%2F', '/')}`;
}

/** The token of `#token=…` and the address without it. */
export function takeToken(hash: string): { token: string | null; hash: string } {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const token = query.get('token');
  query.delete('token');
  const rest = query.toString();
  return { token: token === '' ? null : token, hash: rest === '' ? '' : `#${rest}` };
}
