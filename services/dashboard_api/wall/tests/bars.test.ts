import { describe, expect, it } from 'vitest';
import { axisOf } from '../src/model/axis';
import { percentOn, placeOn, toneOf } from '../src/model/bars';
import type { Element } from '../src/model/vocabulary';

const at = (minute: number): number => Date.parse('2026-11-22T12:00:00Z') + minute * 60_000;
const iso = (minute: number): string => new Date(at(minute)).toISOString();
const axis = axisOf(at(0), at(100), 8, 0);
const status = (name: string, active: boolean) => ({ name, zh: name, en: name, active });
const element = {
  statuses: [status('a', true), status('b', true), status('end', false)],
} as Element;

describe('bars', () => {
  it('lie on the axis in percent, and end with it', () => {
    expect(placeOn(axis, { from: iso(10), to: iso(30) })).toEqual({ left: 10, width: 20 });
    expect(placeOn(axis, { from: iso(-50), to: null })).toEqual({ left: 0, width: 100 });
    expect(placeOn(axis, { from: iso(150), to: iso(160) })).toEqual({ left: 100, width: 0 });
    expect(percentOn(axis, at(250))).toBe(100);
  });

  it('tell a status from those beside it, and a final one from all', () => {
    expect(toneOf(element, 'a')).not.toBe(toneOf(element, 'b'));
    expect(toneOf(element, 'end')).toBe(0);
    expect(toneOf(element, 'never heard of')).toBe(1);
  });
});
