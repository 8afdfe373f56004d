import { describe, expect, it } from 'vitest';
import { formatRoute, HOME, parseRoute, takeToken, type Route } from '../src/model/route';

describe('the route', () => {
  it('survives the address bar', () => {
    const routes: Route[] = [
      HOME,
      { ...HOME, org: '350203000000', element: 'case', lang: 'en' },
      { ...HOME, org: '350203000000', list: { status: null } },
      { ...HOME, list: { status: 'waiting' } },
      { ...HOME, thing: { element: 'dossier', id: 'D 35/02&x=1#' } },
    ];
    for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it('falls back to the default for what it does not understand', () => {
    expect(parseRoute('#org=35&element=ufo&lang=fr&thing=ufo/1')).toEqual(HOME);
    expect(parseRoute('')).toEqual(HOME);
    expect(parseRoute('#thing=case/')).toEqual(HOME);
  });
});

describe('a token in the address', () => {
  it('is taken out and the rest left', () => {
    expect(takeToken('#token=abc.def&org=350000000000')).toEqual({
      token: 'abc.def',
      hash: '#org=350000000000',
    });
    expect(takeToken('#token=abc')).toEqual({ token: 'abc', hash: '' });
  });

  it('may be absent or empty', () => {
    expect(takeToken('#org=350000000000').token).toBeNull();
    expect(takeToken('#token=').token).toBeNull();
  });
});
