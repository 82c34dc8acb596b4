// The layers of a chart's picture, back to front, each a shape with its look: what the canvas shows and what an SVG holds are the same.
import type { Frame } from "./frame";
import { scales } from "./frame";
import type { Band, Line, Odd } from "./line";
import { alone, area, discs, type Pen, trace } from "./trace";

export interface Look { stroke?: string; fill?: string; width?: number; dash?: number[] | undefined; alpha: number }
export interface Layer { look: Look; shape: (pen: Pen) => void }

/** Everything but the axes. */
export function layers(frame: Frame, lines: readonly Line[], bands: readonly Band[], strong = false): Layer[] {
  const width = strong ? 2.5 : lines.length > 40 ? 1 : 1.5;
  return [
    ...bands.map((band) => ({ look: { fill: band.stroke.colour, alpha: strong ? 0.3 : 0.16 }, shape: (pen: Pen) => area(pen, band.x, band.low, band.high, frame) })),
    ...lines.flatMap((line) => extremes(line, frame, lines.length)),
    ...lines.flatMap((line) => strokes(line, frame, width)),
    ...bands.map((band) => ({
      look: { stroke: band.stroke.colour, width: strong ? 3 : 2, dash: band.stroke.dash, alpha: 1 },
      shape: (pen: Pen) => trace(pen, band.x, band.mid, frame),
    })),
    ...bands.flatMap((band) => whiskers(band, frame)),
    ...[...lines.map(({ x, y, stroke, smooth, faint }) => ({ x, y: smooth ?? y, stroke, faint })), ...bands.map(({ x, mid, stroke }) => ({ x, y: mid, stroke, faint: false }))]
      .filter(({ x, y }) => alone(x, y, frame).length > 0)
      .map(({ x, y, stroke, faint }) => ({ look: { fill: stroke.colour, alpha: faint ? 0.35 : 1 }, shape: (pen: Pen) => discs(pen, x, y, frame, strong ? 5 : 3.5) })),
  ];
}

/** How far the members of a group lie around a point that stands alone, where a band has no width. */
function whiskers({ x, low, mid, high, stroke }: Band, frame: Frame): Layer[] {
  const { toX, toY } = scales(frame);
  const places = alone(x, mid, frame);
  return places.length === 0 ? [] : [{
    look: { stroke: stroke.colour, width: 1.5, alpha: 0.6 },
    shape: (pen) => {
      for (const i of places) {
        const [left, bottom, top] = [toX(x[i]!), toY(low[i]!), toY(high[i]!)];
        if (![left, bottom, top].every(Number.isFinite)) continue;
        pen.moveTo(left, bottom);
        pen.lineTo(left, top);
      }
    },
  }];
}

/** What lies between each bucket's least and greatest: filled, and edged so that a spike in one bucket is seen too. */
function extremes(line: Line, frame: Frame, among: number): Layer[] {
  const { low, high } = line;
  if (!low || !high) return [];
  const alpha = among > 12 ? 0.12 : 0.22;
  return [{ look: { fill: line.stroke.colour, stroke: line.stroke.colour, width: 0.75, alpha }, shape: (pen) => area(pen, line.x, low, high, frame) }];
}

function strokes(line: Line, frame: Frame, width: number): Layer[] {
  const { smooth } = line;
  const look = { stroke: line.stroke.colour, width, dash: line.stroke.dash };
  const original = { look: { ...look, alpha: smooth ? 0.25 : line.faint ? 0.35 : 1, dash: smooth ? undefined : look.dash }, shape: (pen: Pen) => trace(pen, line.x, line.y, frame) };
  return smooth ? [original, { look: { ...look, alpha: line.faint ? 0.35 : 1 }, shape: (pen: Pen) => trace(pen, line.x, smooth, frame) }] : [original];
}

/** Where values were not finite: signs along the edges, one for each pixel: NaN and infinity at the top, minus infinity at the bottom. */
export function signs(frame: Frame, lines: readonly Line[]): { x: number; y: number; sign: string; colour: string }[] {
  const { toX } = scales(frame);
  const found = new Map<string, { x: number; y: number; sign: string; colour: string }>();
  for (const line of lines) {
    for (const odd of line.odd) {
      if (odd.x < frame.x.min || odd.x > frame.x.max) continue;
      const x = Math.round(toX(odd.x));
      if (!Number.isFinite(x)) continue;
      const low = odd.kind === "-Infinity";
      const key = `${Math.round(x / 6)} ${low}`;
      if (!found.has(key)) found.set(key, { x, y: low ? frame.height - 5 : 7, sign: SIGNS[odd.kind], colour: line.stroke.colour });
    }
  }
  return [...found.values()];
}

const SIGNS: Record<Odd["kind"], string> = { NaN: "×", Infinity: "▲", "-Infinity": "▼", "not finite": "×" };

/** Draws layers and signs on a canvas whose units are those of the frame. */
export function paint(context: CanvasRenderingContext2D, frame: Frame, lines: readonly Line[], bands: readonly Band[], strong = false): void {
  context.lineJoin = "bevel";
  for (const { look, shape } of layers(frame, lines, bands, strong)) {
    const path = new Path2D();
    shape(path);
    context.globalAlpha = look.alpha;
    if (look.fill) {
      context.fillStyle = look.fill;
      context.fill(path);
    }
    if (look.stroke) {
      context.strokeStyle = look.stroke;
      context.lineWidth = look.width ?? 1;
      context.lineCap = look.dash ? "butt" : "round";
      context.setLineDash(look.dash ?? []);
      context.stroke(path);
    }
  }
  context.globalAlpha = 1;
  context.font = "10px system-ui";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { x, y, sign, colour } of signs(frame, lines)) {
    context.fillStyle = colour;
    context.fillText(sign, x, y);
  }
}
