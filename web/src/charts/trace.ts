// Outlines of curves, told to a pen: a canvas's path, or the text of an SVG.
import { type Frame, scales, sorted, visible } from "./frame";

export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/**
 * Tells the pen the line through y. Where points lie closer than a third of a pixel, of each pixel's first, least, greatest and last are told: what is
 * drawn is the same. NaN breaks the line; a point that stands alone becomes a dot, a line of no length under a round cap.
 */
export function trace(pen: Pen, x: Float64Array, y: Float64Array, frame: Frame): void {
  const { toX, toY } = scales(frame);
  const [from, to] = visible(x, frame.x);
  if (to - from > 3 * frame.width && sorted(x)) return packed(pen, x, y, from, to, toX, toY);
  let open = false;
  for (let i = from; i < to; i += 1) {
    const top = toY(y[i]!);
    const left = toX(x[i]!);
    if (!Number.isFinite(top) || !Number.isFinite(left)) {
      open = false;
    } else if (open) {
      pen.lineTo(left, top);
    } else {
      pen.moveTo(left, top);
      open = true;
      if (i + 1 >= to || !Number.isFinite(toY(y[i + 1]!))) pen.lineTo(left, top);
    }
  }
}

/** Tells the pen a small disc at each point that stands alone; between others the line shows where they are. */
export function discs(pen: Pen, x: Float64Array, y: Float64Array, frame: Frame, radius: number): void {
  const { toX, toY } = scales(frame);
  for (const i of alone(x, y, frame)) {
    const left = toX(x[i]!), top = toY(y[i]!);
    if (!Number.isFinite(left) || !Number.isFinite(top)) continue;
    for (let corner = 0; corner <= CORNERS; corner += 1) {
      const angle = (2 * Math.PI * corner) / CORNERS;
      pen[corner ? "lineTo" : "moveTo"](left + radius * Math.cos(angle), top + radius * Math.sin(angle));
    }
  }
}

const CORNERS = 12;

/** The places of points without a neighbour on either side; none where there are more points than pixels. */
export function alone(x: Float64Array, y: Float64Array, frame: Frame): number[] {
  const [from, to] = visible(x, frame.x);
  if (to - from > 3 * frame.width) return [];
  const has = (i: number) => Number.isFinite(y[i]); // beyond the ends there is nothing
  const found: number[] = [];
  for (let i = from; i < to; i += 1) if (has(i) && !has(i - 1) && !has(i + 1)) found.push(i);
  return found;
}

function packed(pen: Pen, x: Float64Array, y: Float64Array, from: number, to: number, toX: (x: number) => number, toY: (y: number) => number): void {
  let open = false;
  for (let i = from; i < to; ) {
    const pixel = Math.floor(toX(x[i]!));
    let least = NaN, greatest = NaN, last = NaN, first = NaN;
    for (; i < to && Math.floor(toX(x[i]!)) === pixel; i += 1) {
      const top = toY(y[i]!);
      if (top !== top) continue;
      if (first !== first) first = least = greatest = top;
      least = Math.min(least, top);
      greatest = Math.max(greatest, top);
      last = top;
    }
    if (first !== first) {
      open = false;
      continue;
    }
    if (open) pen.lineTo(pixel, first);
    else pen.moveTo(pixel, first);
    open = true;
    if (least !== greatest) {
      pen.lineTo(pixel, least);
      pen.lineTo(pixel, greatest);
    }
    pen.lineTo(pixel, last);
  }
}

/** Tells the pen the outline between low and high, a closed shape for each stretch without gaps. Where they touch it has no width: stroke it as well. */
export function area(pen: Pen, x: Float64Array, low: Float64Array, high: Float64Array, frame: Frame): void {
  const { toX, toY } = scales(frame);
  const [from, to] = visible(x, frame.x);
  const bottom = (i: number) => Math.min(toY(low[i]!) || frame.height, 1e6);
  for (let i = from; i < to; ) {
    const start = i;
    while (i < to && Number.isFinite(toY(high[i]!))) i += 1;
    if (i > start) {
      pen.moveTo(toX(x[start]!), toY(high[start]!));
      for (let at = start; at < i; at += 1) pen.lineTo(toX(x[at]!), toY(high[at]!));
      for (let at = i - 1; at >= start; at -= 1) pen.lineTo(toX(x[at]!), bottom(at));
      pen.lineTo(toX(x[start]!), toY(high[start]!));
    }
    while (i < to && !Number.isFinite(toY(high[i]!))) i += 1;
  }
}

/** A pen that writes the `d` of an SVG path. */
export class SvgPen implements Pen {
  private readonly parts: string[] = [];
  moveTo(x: number, y: number): void { this.parts.push(`M${round(x)} ${round(y)}`); }
  lineTo(x: number, y: number): void { this.parts.push(`L${round(x)} ${round(y)}`); }
  get d(): string { return this.parts.join(""); }
}

const round = (value: number): number => Math.round(value * 100) / 100;
