import { describe, expect, it } from 'vitest';
import {
  formatRoute,
  HOME,
  moveIntoHash,
  parseRoute,
  takeToken,
  type Route,
} from '../src/model/route';

describe('the route', () => {
  it('survives the address bar', () => {
    const routes: Route[] = [
      HOME,
      { ...HOME, org: '350203000000', element: 'case', lang: 'en' },
      { ...HOME, org: '350203000000', list: { status: null } },
      { ...HOME, list: { status: 'waiting' } },
      { ...HOME, at: '2026-11-20T03:14:00Z' },
      { ...HOME, at: '2026-11-20T11:14:00.123456+08:00', sources: 'late' },
      { ...HOME, thing: { element: 'dossier', id: 'D 35/02&x=1#' } },
    ];
    for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it('falls back to the default for what it does not understand', () => {
    expect(parseRoute('#org=35&element=ufo&lang=fr&thing=ufo/1')).toEqual(HOME);
    expect(parseRoute('')).toEqual(HOME);
    expect(parseRoute('#thing=case/')).toEqual(HOME);
    for (const at of ['now', '2026-11-20', '2026-11-20T03:14:00', '2026-13-40T00:00:00Z']) {
      expect(parseRoute(`#at=${at}`)).toEqual(HOME);
    }
    expect(parseRoute('#sources=red')).toEqual(HOME);
  });

  it('takes panel for element', () => {
    expect(parseRoute('#panel=case').element).toBe('case');
  });

  it('writes a moment so that a person can read it', () => {
    expect(formatRoute({ ...HOME, at: '2026-11-20T03:14:00Z' })).toContain(
      'at=2026-11-20T03:14:00Z',
    );
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

describe('a place before the #', () => {
  it('is moved behind it, and how the wall is put up stays', () => {
    expect(
      moveIntoHash('?profile=city&org=350200000000&at=2026-11-20T03:14:00Z&kiosk=1', '#list=all'),
    ).toEqual({
      search: '?profile=city&kiosk=1',
      hash: '#list=all&org=350200000000&at=2026-11-20T03:14:00Z',
    });
  });

  it('gives way to what stands behind it already', () => {
    expect(moveIntoHash('?org=350200000000', '#org=350100000000')).toEqual({
      search: '',
      hash: '#org=350100000000',
    });
  });

  it('may be absent', () => {
    expect(moveIntoHash('?profile=city', '#org=350100000000')).toBeNull();
  });
});
