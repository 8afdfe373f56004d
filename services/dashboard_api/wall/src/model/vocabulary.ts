/** What the server calls things: the elements and their statuses, in both languages. */
import type { ElementName } from '../protocol/frames';
import type { Lang } from './route';

export interface Status {
  name: string;
  zh: string;
  en: string;
  /** Counted in the element's one number. */
  active: boolean;
}

export interface Element {
  name: ElementName;
  character: string;
  zh: string;
  en: string;
  number_zh: string;
  number_en: string;
  statuses: Status[];
}

export interface Vocabulary {
  elements: Element[];
  map_attribution: string;
  time_zone?: string;
}

export const DEFAULT_TIME_ZONE = 'Asia/Shanghai';

export function elementOf(vocabulary: Vocabulary, name: ElementName): Element {
  const element = vocabulary.elements.find((candidate) => candidate.name === name);
  if (element === undefined) throw new Error(`the vocabulary has no element ${name}`);
  return element;
}

export function statusName(element: Element, name: string | null, lang: Lang): string {
  if (name === null) return '—';
  return element.statuses.find((status) => status.name === name)?.[lang] ?? name;
}

export function numberName(element: Element, lang: Lang): string {
  return lang === 'zh' ? element.number_zh : element.number_en;
}
