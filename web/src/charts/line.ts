// A curve made ready to be drawn: x ascending, y with NaN where there is nothing finite, the extremes behind each point, and where values were not finite.
import type { Stroke } from "../lib/colours";
import type { Series } from "./columns";

/** A point that is no number, shown on the axis: it would not be seen in the curve. */
export interface Odd { x: number; kind: "NaN" | "Infinity" | "-Infinity" | "not finite" }

export interface Line {
  /** What is emphasised together: a run's id, or a group's key. */
  run: string;
  name: string;
  stroke: Stroke;
  x: Float64Array;
  y: Float64Array;
  low?: Float64Array | undefined;
  high?: Float64Array | undefined;
  /** Drawn behind the others: a member of the group that it is emphasised with. */
  faint?: boolean;
  /** Then, the run it is of. */
  member?: string;
  odd: Odd[];
  /** Smoothed values, drawn in front; y itself stays visible behind. */
  smooth?: Float64Array;
  /** How many points it stands for, and how many are drawn. */
  count: number;
  drawn: number;
}

export interface Band {
  run: string;
  name: string;
  stroke: Stroke;
  x: Float64Array;
  mid: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /** Members with a value at each x, and members in all. */
  n: Float64Array;
  of: number;
}

/** A series as a line over its steps, or over any x of the same length. */
export function line(series: Series, named: { name: string; stroke: Stroke }, x: Float64Array = series.steps): Line {
  const values = series.values ?? series.mean ?? new Float64Array();
  const made: Line = { run: series.run, ...named, x, y: series.values ? finite(values) : values, odd: odd(series, x), count: series.count, drawn: values.length };
  return series.values ? made : { ...made, low: series.min!, high: series.max! };
}

function finite(values: Float64Array): Float64Array {
  return values.every(Number.isFinite) ? values : values.map((value) => (Number.isFinite(value) ? value : NaN));
}

function odd(series: Series, x: Float64Array): Odd[] {
  const found: Odd[] = [];
  const kind = (value: number | undefined): Odd["kind"] | null => (value === undefined || Number.isFinite(value) ? null : (String(value) as Odd["kind"]));
  for (let i = 0; i < x.length && found.length < 2000; i += 1) {
    if (series.values ? !Number.isFinite(series.values[i]) : series.non_finite?.[i]) {
      found.push({ x: x[i]!, kind: kind(series.values?.[i]) ?? kind(series.first?.[i]) ?? kind(series.last?.[i]) ?? "not finite" });
    }
  }
  return found;
}

/** The place of the last x at most `at`, -1 when all are greater; x ascends. */
export function before(x: ArrayLike<number>, at: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The place of the x nearest to `at`, -1 when there is none. */
export function nearest(x: ArrayLike<number>, at: number): number {
  const left = before(x, at);
  if (left < 0) return x.length ? 0 : -1;
  return left + 1 < x.length && x[left + 1]! - at < at - x[left]! ? left + 1 : left;
}
