/** The quiet scale of the map: from #13202b to #1a3a52, dark enough for symbols upon it. */
const LOW = [0x13, 0x20, 0x2b] as const;
const HIGH = [0x1a, 0x3a, 0x52] as const;

/** The fill of a region with `value` things where `top` is the end of the scale. */
export function fillOf(value: number, top: number): string {
  const share = top <= 0 ? 0 : Math.min(1, Math.max(0, value / top));
  const channel = (i: 0 | 1 | 2): number => Math.round(LOW[i] + (HIGH[i] - LOW[i]) * share);
  return `rgb(${channel(0)} ${channel(1)} ${channel(2)})`;
}

/** The least of 1, 2, 3, 5 × 10ⁿ that is not below any value. */
export function niceTop(values: Iterable<number>): number {
  let top = 0;
  for (const value of values) top = Math.max(top, value);
  if (top <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(top));
  for (const step of [1, 2, 3, 5, 10]) if (step * power >= top) return step * power;
  return top;
}
