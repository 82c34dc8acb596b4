// What part of the plane a chart shows, and where a value lies in it.
import { type Band, before, type Line } from "./line";

export interface Range { min: number; max: number }
export interface Frame { x: Range; y: Range; logX: boolean; logY: boolean; width: number; height: number }

/** Where an x and a y lie, in pixels from the frame's upper left. */
export function scales(frame: Frame): { toX: (x: number) => number; toY: (y: number) => number } {
  return { toX: scale(frame.x, frame.logX, 0, frame.width), toY: scale(frame.y, frame.logY, frame.height, 0) };
}

function scale({ min, max }: Range, log: boolean, from: number, to: number): (value: number) => number {
  if (!log) {
    const slope = (to - from) / (max - min);
    return (value) => from + (value - min) * slope;
  }
  const low = Math.log(min);
  const slope = (to - from) / (Math.log(max) - low);
  return (value) => (value > 0 ? from + (Math.log(value) - low) * slope : NaN);
}

/** From the least to the greatest x of all that is drawn; of the positive ones for a logarithmic axis. */
export function xRange(lines: readonly Line[], bands: readonly Band[], log: boolean): Range {
  const found = { min: Infinity, max: -Infinity };
  for (const { x } of [...lines, ...bands]) {
    const every = !log && sorted(x) ? Math.max(1, x.length - 1) : 1;
    for (let i = 0; i < x.length; i += every) widen(found, x[i]!, log);
  }
  return settled(found, log, 0);
}

const known = new WeakMap<Float64Array, boolean>();
/** Whether x never falls; looked at once for each column. */
export function sorted(x: Float64Array): boolean {
  const before = known.get(x);
  if (before !== undefined) return before;
  let is = true;
  for (let i = 1; i < x.length && is; i += 1) is = x[i]! >= x[i - 1]!;
  known.set(x, is);
  return is;
}

/**
 * From the least to the greatest y in the window, extremes of buckets included, with a margin. Without `outliers` it is fitted to the middle 98 % of
 * the values, and `hidden` says how many lie outside. `unlogged`: how many values a logarithmic axis has no place for.
 */
export function yRange(lines: readonly Line[], bands: readonly Band[], window: Range, log: boolean, outliers: boolean): Range & { hidden: number; unlogged: number } {
  const found = { min: Infinity, max: -Infinity };
  const sample: number[] = [];
  let unlogged = 0;
  const columns = [...lines.map(({ x, y, low, high, smooth }) => [x, y, low, high, smooth] as const), ...bands.map(({ x, low, high }) => [x, low, high] as const)];
  const total = columns.reduce((sum, [x]) => sum + x.length, 0);
  const every = Math.max(1, Math.floor(total / 50_000));
  for (const [x, ...values] of columns) {
    const [from, to] = visible(x, window);
    for (const column of values) {
      if (!column) continue;
      for (let i = from; i < to; i += 1) {
        const value = column[i]!;
        if (value !== value) continue;
        if (log && value <= 0) unlogged += 1;
        widen(found, value, log);
        if (!outliers && i % every === 0 && (!log || value > 0)) sample.push(value);
      }
    }
  }
  if (outliers || sample.length < 20) return { ...settled(found, log, 0.05), hidden: 0, unlogged };
  const ranked = Float64Array.from(sample).sort();
  const middle = { min: ranked[Math.floor(ranked.length * 0.01)]!, max: ranked[Math.ceil(ranked.length * 0.99) - 1]! };
  const fitted = settled(middle, log, 0.05);
  return { ...fitted, hidden: ranked.reduce((count, value) => count + (value < fitted.min || value > fitted.max ? 1 : 0), 0), unlogged };
}

/** The places [from, to) of x in the window, and one beyond each side, so that lines leave the frame where they should. */
export function visible(x: Float64Array, window: Range): [number, number] {
  if (!sorted(x)) return [0, x.length];
  return [Math.max(0, before(x, window.min)), Math.min(x.length, before(x, window.max) + 2)];
}

function widen(range: Range, value: number, log: boolean): void {
  if (log && value <= 0) return;
  if (value < range.min) range.min = value;
  if (value > range.max) range.max = value;
}

function settled({ min, max }: Range, log: boolean, margin: number): Range {
  if (!(min <= max)) return log ? { min: 1, max: 10 } : { min: 0, max: 1 };
  if (log) {
    if (min === max) return { min: min / 2, max: max * 2 };
    const factor = (max / min) ** margin;
    return { min: min / factor, max: max * factor };
  }
  if (min === max) {
    const around = Math.abs(min) / 10 || 1;
    return margin ? { min: min - around, max: max + around } : { min: min - 0.5, max: max + 0.5 };
  }
  return { min: min - (max - min) * margin, max: max + (max - min) * margin };
}
