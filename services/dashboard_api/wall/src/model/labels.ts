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

function* places(anchor: Anchor, area: { width: number; height: number }): Generator<Rect> {
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

function leadOf(anchor: Anchor, rect: Rect): Point | null {
  const end = leadEnd(anchor, rect);
  return end.x === anchor.x && end.y === anchor.y ? null : { x: anchor.x, y: anchor.y };
}

function isFree(box: Box, placed: readonly Box[]): boolean {
  return placed.every((other) => {
    if (overlap(box, other)) return false;
    if (box.lead !== null && crosses(box.lead, leadEnd(box.lead, box), other)) return false;
    return other.lead === null || !crosses(other.lead, leadEnd(other.lead, other), box);
  });
}

/**
 * One box for each anchor, centred on it where there is room, else as near as there is; never
 * outside the area, and no line leads across a name. The most crowded are placed last: they have
 * lines to lead to them, while a lone name has no reason to stand apart.
 */
export function layOut(anchors: readonly Anchor[], area: { width: number; height: number }): Box[] {
  const crowd = (a: Anchor): number =>
    anchors.reduce((n, b) => n + 1 / (10 + Math.hypot(a.x - b.x, a.y - b.y)), 0);
  const placed: Box[] = [];
  for (const anchor of [...anchors].sort((a, b) => crowd(a) - crowd(b))) {
    let spare: Box | null = null;
    let found: Box | null = null;
    for (const rect of places(anchor, area)) {
      const box: Box = { key: anchor.key, ...rect, lead: leadOf(anchor, rect) };
      if (isFree(box, placed)) {
        found = box;
        break;
      }
      if (spare === null && !placed.some((other) => overlap(box, other))) spare = box;
    }
    const best = found ?? spare;
    if (best !== null) placed.push(best);
  }
  return placed;
}
