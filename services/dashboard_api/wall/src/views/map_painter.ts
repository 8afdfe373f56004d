/** Draws the map's three layers: loads, borders, and what the pointer and the labels ask for. */
import { geoMercator, geoPath, type GeoProjection } from 'd3-geo';
import { leadEnd, type Box } from '../model/labels';
import type { Regions } from '../model/regions';
import { fillOf } from '../model/scale';
import { hatching, type Surface } from './canvas';

export interface Extent {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface CountyPath {
  id: string;
  path: Path2D;
}

/** The map at one size and one organisation: everything that does not change with the numbers. */
export interface Drawing {
  projection: GeoProjection;
  counties: readonly CountyPath[];
  inScope: (id: string) => boolean;
  countyBorders: Path2D;
  cityBorders: Path2D;
  outline: Path2D;
  coast: Path2D;
}

export function draft(regions: Regions, prefix: string, extent: Extent): Drawing {
  const scope = prefix.slice(0, 6);
  const projection = geoMercator().fitExtent(
    [
      [extent.left, extent.top],
      [extent.right, extent.bottom],
    ],
    regions.within(scope),
  );
  const path = geoPath(projection);
  const lines = (geometry: Parameters<typeof path>[0]): Path2D => new Path2D(path(geometry) ?? '');
  return {
    projection,
    counties: regions.counties.map((county) => ({ id: county.id, path: lines(county) })),
    inScope: (id) => id.startsWith(scope),
    countyBorders: lines(regions.borders(6)),
    cityBorders: lines(regions.borders(4)),
    outline: lines(regions.outline(scope)),
    coast: lines(regions.outline(scope.slice(0, 2))),
  };
}

export interface Load {
  /** Active things by 6-digit county code. */
  values: ReadonlyMap<string, number>;
  top: number;
  isDark: (county: string) => boolean;
  /** The whole picture is too old to be believed. */
  unknown: boolean;
}

const BETWEEN = '#0b1015';
const CITY_LINE = '#4a677f';
const SCOPE_LINE = '#6d8ba5';
const FAR_LINE = '#1c2933';
const DARK_LINE = '#4d5c69';

/** Paints the load of each county, and again only where it looks otherwise than before. */
export class LoadPainter {
  private readonly painted = new Map<string, string>();
  private readonly shown: readonly CountyPath[];
  private readonly hatches: { dark: CanvasPattern | null; unknown: CanvasPattern | null };

  constructor(
    private readonly context: CanvasRenderingContext2D,
    drawing: Drawing,
    rem: number,
  ) {
    this.shown = drawing.counties.filter(({ id }) => drawing.inScope(id));
    this.hatches = {
      dark: hatching(context, 0.7 * rem, BETWEEN, DARK_LINE),
      unknown: hatching(context, 0.7 * rem, BETWEEN, FAR_LINE),
    };
  }

  paint(load: Load): void {
    for (const { id, path } of this.shown) {
      const dark = load.unknown ? 'unknown' : load.isDark(id) ? 'dark' : null;
      const look = dark ?? fillOf(load.values.get(id) ?? 0, load.top);
      if (this.painted.get(id) === look) continue;
      this.painted.set(id, look);
      this.context.fillStyle = dark === null ? look : (this.hatches[dark] ?? BETWEEN);
      this.context.fill(path);
    }
  }
}

/** The borders lie on a layer of their own: numbers never move them. */
export function paintBorders(surface: Surface, drawing: Drawing, rem: number): void {
  const { context } = surface;
  context.lineJoin = 'round';
  stroke(context, drawing.coast, FAR_LINE, 0.12 * rem);
  const scope = together(drawing.counties.filter(({ id }) => drawing.inScope(id)));
  stroke(context, drawing.countyBorders, FAR_LINE, 0.1 * rem);
  stroke(context, drawing.countyBorders, BETWEEN, 0.16 * rem, scope);
  stroke(context, drawing.cityBorders, CITY_LINE, 0.12 * rem, scope);
  stroke(context, drawing.outline, SCOPE_LINE, 0.15 * rem);
}

function together(counties: readonly CountyPath[]): Path2D {
  const whole = new Path2D();
  for (const { path } of counties) whole.addPath(path);
  return whole;
}

function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  colour: string,
  width: number,
  clip?: Path2D,
): void {
  context.save();
  if (clip) context.clip(clip);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
  context.restore();
}

export interface Dot {
  key: string;
  x: number;
  y: number;
  radius: number;
}

export interface Pointing {
  /** The prefix of the region under the pointer or the focus. */
  target: string | null;
  labels: readonly Box[];
  dots: readonly Dot[];
  /** The dot to be told from the others. */
  dot: string | null;
}

export function paintPointing(
  surface: Surface,
  drawing: Drawing,
  pointing: Pointing,
  rem: number,
): void {
  const { context } = surface;
  if (pointing.target !== null) {
    context.fillStyle = 'rgb(143 179 209 / 14%)';
    for (const { id, path } of drawing.counties) {
      if (id.startsWith(pointing.target)) context.fill(path);
    }
  }
  context.strokeStyle = SCOPE_LINE;
  context.lineWidth = 0.1 * rem;
  for (const box of pointing.labels) {
    const { lead } = box;
    if (lead === null) continue;
    const end = leadEnd(lead, box);
    context.beginPath();
    context.moveTo(lead.x, lead.y);
    context.lineTo(end.x, end.y);
    context.stroke();
    disc(context, lead.x, lead.y, 0.25 * rem, SCOPE_LINE);
  }
  for (const { key, x, y, radius } of pointing.dots) {
    const chosen = key === pointing.dot;
    disc(context, x, y, radius + 0.2 * rem, BETWEEN);
    disc(context, x, y, radius, chosen ? '#e8edf2' : '#8fb3d1');
  }
}

function disc(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
): void {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** The county under a point given in CSS pixels; null outside the scope. */
export function countyAt(
  context: CanvasRenderingContext2D,
  drawing: Drawing,
  x: number,
  y: number,
): string | null {
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  const hit = drawing.counties.find(
    ({ id, path }) => drawing.inScope(id) && context.isPointInPath(path, x, y),
  );
  context.restore();
  return hit?.id ?? null;
}
