/** Puts names beside their places so that no two of them collide. */
export interface Anchor {
  key: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point {
  width: number;
  height: number;
}

/** `x` and `y` are the left upper corner. */
export interface Box extends Rect {
  key: string;
  /** The place itself, when the name stands so far off that a line must lead to it. */
  lead: Point | null;
}

const GAP = 2;
const RINGS = 16;
const DIRECTIONS = 16;
/** What a line across a name costs, in pixels of way; and a name left out. */
const CROSSED = 1e4;
const NOT_PLACED = 1e6;

export function overlap(a: Rect, b: Rect): boolean {
  return (
    a.x < b.x + b.width + GAP &&
    b.x < a.x + a.width + GAP &&
    a.y < b.y + b.height + GAP &&
    b.y < a.y + a.height + GAP
  );
}

/** The point of the box that is nearest to where its line comes from. */
export function leadEnd(lead: Point, box: Rect): Point {
  return {
    x: Math.min(Math.max(lead.x, box.x), box.x + box.width),
    y: Math.min(Math.max(lead.y, box.y), box.y + box.height),
  };
}

/** Whether the line from `a` to `b` touches the box (Liang–Barsky). */
export function crosses(a: Point, b: Point, box: Rect): boolean {
  let [enter, leave] = [0, 1];
  const edges: [number, number][] = [
    [a.x - b.x, a.x - box.x],
    [b.x - a.x, box.x + box.width - a.x],
    [a.y - b.y, a.y - box.y],
    [b.y - a.y, box.y + box.height - a.y],
  ];
  for (const [p, q] of edges) {
    if (p === 0) {
      if (q < 0) return false;
    } else if (p < 0) enter = Math.max(enter, q / p);
    else leave = Math.min(leave, q / p);
  }
  return enter <= leave;
}

function* places(anchor: Anchor, area: Rect): Generator<Rect> {
  const { width, height } = anchor;
  const left = anchor.x - width / 2;
  const top = anchor.y - height / 2;
  for (let ring = 0; ring <= RINGS; ring += 1) {
    for (let i = 0; i < (ring === 0 ? 1 : DIRECTIONS); i += 1) {
      const angle = (i / DIRECTIONS) * 2 * Math.PI;
      const x = left + Math.cos(angle) * ring * height * 0.4;
      const y = top + Math.sin(angle) * ring * height * 0.4;
      yield {
        x: Math.min(Math.max(0, x), area.width - width),
        y: Math.min(Math.max(0, y), area.height - height),
        width,
        height,
      };
    }
  }
}

function covers(box: Rect, point: Point): boolean {
  const end = leadEnd(point, box);
  return end.x === point.x && end.y === point.y;
}

function leadOf(anchor: Anchor, rect: Rect): Point | null {
  return covers(rect, anchor) ? null : { x: anchor.x, y: anchor.y };
}

/** A name upon another's place would force that one's line across it. */
function isFree(box: Box, placed: readonly Box[], anchors: readonly Anchor[]): boolean {
  if (anchors.some((other) => other.key !== box.key && covers(box, other))) return false;
  return placed.every((other) => {
    if (overlap(box, other)) return false;
    if (box.lead !== null && crosses(box.lead, leadEnd(box.lead, box), other)) return false;
    return other.lead === null || !crosses(other.lead, leadEnd(other.lead, other), box);
  });
}

type Order = (a: Anchor, b: Anchor) => number;

function place(anchors: readonly Anchor[], area: Rect): { boxes: Box[]; cost: number } {
  const boxes: Box[] = [];
  let cost = 0;
  for (const anchor of anchors) {
    let spare: Box | null = null;
    let found: Box | null = null;
    for (const rect of places(anchor, area)) {
      const box: Box = { key: anchor.key, ...rect, lead: leadOf(anchor, rect) };
      if (isFree(box, boxes, anchors)) {
        found = box;
        break;
      }
      if (spare === null && !boxes.some((other) => overlap(box, other))) spare = box;
    }
    const best = found ?? spare;
    if (found === null) cost += spare === null ? NOT_PLACED : CROSSED;
    if (best === null) continue;
    cost += Math.hypot(best.x + best.width / 2 - anchor.x, best.y + best.height / 2 - anchor.y);
    boxes.push(best);
  }
  return { boxes, cost };
}

/**
 * One box for each anchor, centred on it where there is room, else as near as there is; never
 * outside the area, never over another, and as a rule with no line led across a name. Several
 * orders are tried and the one with the shortest way is kept.
 */
export function layOut(anchors: readonly Anchor[], area: { width: number; height: number }): Box[] {
  const crowd = new Map(
    anchors.map((a) => [
      a.key,
      anchors.reduce((n, b) => n + 1 / (10 + Math.hypot(a.x - b.x, a.y - b.y)), 0),
    ]),
  );
  const crowded = (a: Anchor): number => crowd.get(a.key) ?? 0;
  const orders: Order[] = [
    (a, b) => crowded(a) - crowded(b),
    (a, b) => crowded(b) - crowded(a),
    (a, b) => a.x - b.x,
    (a, b) => b.x - a.x,
    (a, b) => a.y - b.y,
    (a, b) => b.y - a.y,
  ];
  const whole = { x: 0, y: 0, ...area };
  return orders
    .map((order) => place([...anchors].sort(order), whole))
    .reduce((best, next) => (next.cost < best.cost ? next : best)).boxes;
}
