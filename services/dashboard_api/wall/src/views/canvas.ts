/** What all canvases of the wall share: sharp pixels, rem sizes, the hatch of the unknown. */

export interface Surface {
  context: CanvasRenderingContext2D;
  /** In CSS pixels. */
  width: number;
  height: number;
}

/** Fits the canvas to its box and the screen's pixels, and clears it; null while it has no size. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): Surface | null {
  const context = canvas.getContext('2d');
  if (context === null || width <= 0 || height <= 0) return null;
  const ratio = window.devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Pixels of one rem. */
export function remPixels(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

export const FONT = "'Noto Sans SC Variable', 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif";

/** Canvas text is drawn with whatever is loaded: resolves when these letters are. */
export async function fontReady(text: string): Promise<void> {
  await document.fonts.load(`16px ${FONT}`, text);
}

/** Slanted hairlines over the clipped path or box: nothing is known here. */
export function hatch(
  context: CanvasRenderingContext2D,
  box: { x: number; y: number; width: number; height: number },
  step: number,
  colour: string,
): void {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, step / 7);
  context.beginPath();
  // Anchored to the canvas, so that neighbouring boxes continue each other's lines.
  const first = Math.floor((box.x + box.y) / step) * step;
  const last = box.x + box.width + box.y + box.height;
  for (let c = first; c <= last; c += step) {
    context.moveTo(c - box.y, box.y);
    context.lineTo(c - box.y - box.height, box.y + box.height);
  }
  context.stroke();
  context.restore();
}

/** The same hairlines as something to fill with: a shape needs no clipping, which is slow. */
export function hatching(
  context: CanvasRenderingContext2D,
  step: number,
  ground: string,
  colour: string,
): CanvasPattern | null {
  const ratio = window.devicePixelRatio;
  const side = Math.max(2, Math.round(step * ratio));
  const tile = document.createElement('canvas');
  tile.width = tile.height = side;
  const drawn = tile.getContext('2d');
  if (drawn === null) return null;
  drawn.fillStyle = ground;
  drawn.fillRect(0, 0, side, side);
  hatch(drawn, { x: 0, y: 0, width: side, height: side }, side, colour);
  const pattern = context.createPattern(tile, 'repeat');
  pattern?.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
