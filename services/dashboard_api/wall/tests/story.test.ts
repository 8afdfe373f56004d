import { describe, expect, it } from 'vitest';
import {
  alone,
  extentOf,
  isKnown,
  madeAt,
  standingAt,
  stepFrom,
  stepsOf,
  windowOf,
  type Tale,
} from '../src/model/story';
import type { FactEvent, ThingDetail } from '../src/model/things';

const ms = (time: string): number => Date.parse(`2026-11-23T${time}Z`);

function event(position: number, occurred: string, received: string, to: string): FactEvent {
  return {
    id: `e${position}`,
    type: 'person.moved',
    occurred_at: `2026-11-23T${occurred}Z`,
    received_at: `2026-11-23T${received}Z`,
    node: 'main',
    position,
    changes: [{ element: 'person', id: 'R1', from: null, to }],
  };
}

// The second thing that happened became known last.
const EVENTS = [
  event(1, '01:00:00', '01:00:05', 'admitted'),
  event(2, '03:00:00', '03:00:05', 'interviewing'),
  event(3, '02:00:00', '05:00:00', 'waiting'),
];
const PERSON: ThingDetail = {
  element: 'person',
  id: 'R1',
  status: 'interviewing',
  since: '2026-11-23T03:00:00Z',
  org: '350203500000',
  state: null,
  events: EVENTS,
  links: [],
};
const TALE: Tale = alone(PERSON);

describe('the steps of a story', () => {
  it('stand in the order in which they became known, or happened', () => {
    expect(stepsOf(TALE, 'known').map((step) => step.event.id)).toEqual(['e1', 'e2', 'e3']);
    expect(stepsOf(TALE, 'both').map((step) => step.event.id)).toEqual(['e1', 'e2', 'e3']);
    expect(stepsOf(TALE, 'was').map((step) => step.event.id)).toEqual(['e1', 'e3', 'e2']);
  });

  it('are counted up to a moment', () => {
    const steps = stepsOf(TALE, 'known');
    expect(madeAt(steps, ms('00:59:59'))).toBe(0);
    expect(madeAt(steps, ms('01:00:05'))).toBe(1);
    expect(madeAt(steps, ms('09:00:00'))).toBe(3);
  });

  it('lead from one to the next and end at both ends', () => {
    const steps = stepsOf(TALE, 'known');
    expect(stepFrom(steps, ms('01:00:05'), 1)).toBe('2026-11-23T03:00:05Z');
    expect(stepFrom(steps, ms('04:00:00'), -1)).toBe('2026-11-23T01:00:05Z');
    expect(stepFrom(steps, ms('05:00:00'), 1)).toBeNull();
    expect(stepFrom(steps, ms('00:00:00'), 1)).toBe('2026-11-23T01:00:05Z');
    expect(stepFrom(steps, ms('09:00:00'), -10)).toBe('2026-11-23T01:00:05Z');
    expect(stepFrom([], ms('09:00:00'), 1)).toBeNull();
  });

  it('pass over several of one moment at once', () => {
    const twin = event(4, '01:00:00', '01:00:05', 'searched');
    const steps = stepsOf(alone({ ...PERSON, events: [...EVENTS, twin] }), 'known');
    expect(stepFrom(steps, ms('01:00:05'), 1)).toBe('2026-11-23T03:00:05Z');
  });
});

describe('what stood at a moment', () => {
  it('is what was known, or what was so', () => {
    const at = (things: Tale['was']['things'], time: string): (string | undefined)[] =>
      [...standingAt(things, ms(time)).values()].flat().map((one) => one.status);
    expect(at(TALE.known.things, '02:30:00')).toEqual(['admitted']);
    expect(at(TALE.was.things, '02:30:00')).toEqual(['waiting']);
    expect(at(TALE.known.things, '00:30:00')).toEqual([]);
  });

  it('begins with the first receipt', () => {
    expect(isKnown(TALE, 'person', 'R1', ms('01:00:00'))).toBe(false);
    expect(isKnown(TALE, 'person', 'R1', ms('01:00:05'))).toBe(true);
    expect(isKnown(TALE, 'person', 'R2', ms('09:00:00'))).toBe(false);
  });
});

describe('the stretch in view', () => {
  it('holds every moment of the story', () => {
    const { from, to } = extentOf(TALE, ms('23:00:00'));
    expect(from).toBeLessThan(ms('01:00:00'));
    expect(to).toBeGreaterThan(ms('05:00:00'));
    expect(to).toBeLessThan(ms('07:00:00'));
  });

  it('is a part around the moment that never leaves the story', () => {
    const whole = { from: 0, to: 100 };
    expect(windowOf(whole, 50, null)).toEqual(whole);
    expect(windowOf(whole, 50, 20)).toEqual({ from: 40, to: 60 });
    expect(windowOf(whole, 99, 20)).toEqual({ from: 80, to: 100 });
    expect(windowOf(whole, -500, 20)).toEqual({ from: 0, to: 20 });
    expect(windowOf(whole, 50, 200)).toEqual(whole);
  });
});
