// What curves say at an x: the list beside the pointer.
import type { Stroke } from "../lib/colours";
import { before, type Band, type Line, nearest } from "./line";

export interface Reading {
  run: string;
  name: string;
  stroke: Stroke;
  /** The value drawn in front: smoothed where it is. */
  value: number;
  original?: number;
  low?: number;
  high?: number;
  /** Of a group: members with a value here, of all. */
  n?: number;
  of?: number;
}

/** One reading of each curve in front that has a point near x, greatest first. A curve that ended before x, or begins after it, says nothing. */
export function readings(lines: readonly Line[], bands: readonly Band[], x: number): Reading[] {
  const found = [...lines.flatMap((line) => (line.faint ? [] : lineReading(line, x))), ...bands.flatMap((band) => bandReading(band, x))];
  return found.sort((a, b) => b.value - a.value);
}

function lineReading(line: Line, x: number): Reading[] {
  const at = place(line.x, x);
  const value = at < 0 ? NaN : (line.smooth?.[at] ?? line.y[at]!);
  if (value !== value) return [];
  const reading: Reading = { run: line.run, name: line.name, stroke: line.stroke, value };
  if (line.smooth) reading.original = line.y[at]!;
  if (line.low && line.high && line.low[at] !== line.high[at]) Object.assign(reading, { low: line.low[at], high: line.high[at] });
  return [reading];
}

function bandReading(band: Band, x: number): Reading[] {
  const at = place(band.x, x);
  if (at < 0 || band.mid[at] !== band.mid[at]) return [];
  return [{ run: band.run, name: band.name, stroke: band.stroke, value: band.mid[at]!, low: band.low[at]!, high: band.high[at]!, n: band.n[at]!, of: band.of }];
}

/** The point nearest to `at` if it is no further from it than the points there lie apart. */
function place(x: Float64Array, at: number): number {
  const found = nearest(x, at);
  if (found < 0) return -1;
  if (at >= x[0]! && at <= x[x.length - 1]!) return found;
  const left = Math.max(0, Math.min(x.length - 2, before(x, at)));
  const gap = x.length > 1 ? x[left + 1]! - x[left]! : 1;
  return Math.abs(x[found]! - at) <= gap ? found : -1;
}

/** At most `most` readings around the one of `run`, and how many stand above and below them. */
export function around(all: readonly Reading[], run: string | null, most: number): { shown: Reading[]; above: number; below: number } {
  const middle = Math.max(0, all.findIndex((reading) => reading.run === run));
  const above = Math.max(0, Math.min(middle - Math.floor(most / 2), all.length - most));
  return { shown: all.slice(above, above + most), above, below: Math.max(0, all.length - above - most) };
}
