// The lines and bands of one metric's chart, made of the series that were fetched.
import { around, type Spread } from "../lib/bands";
import type { Stroke } from "../lib/colours";
import { smoothed } from "../lib/smooth";
import type { Series } from "./columns";
import { type Band, before, type Line, line } from "./line";

export interface Drawable { id: string; name: string; stroke: Stroke }
export interface DrawableGroup extends Drawable { runs: string[]; n: number }

/** How x is had from a series: its steps, its times, those since 1970, or what another metric was at that step. */
export type X = { kind: "step" } | { kind: "time" } | { kind: "wall"; began: ReadonlyMap<string, number> } | { kind: "metric"; of: ReadonlyMap<string, Series> };

const made = new WeakMap<Series, { how: string; line: Line }>();

/** One line for each series that has points; one that was made before, from the same series in the same way, is the same object. */
export function linesOf(series: readonly Series[], runs: ReadonlyMap<string, Drawable>, x: X, smoothing: number): Line[] {
  return series.flatMap((each) => {
    const named = runs.get(each.run);
    if (!named || !each.steps.length) return [];
    const how = JSON.stringify([named.name, named.stroke, x.kind, smoothing]);
    const known = x.kind === "step" || x.kind === "time" ? made.get(each) : undefined;
    if (known?.how === how) return [known.line];
    const line = lineOf(each, named, x, smoothing);
    made.set(each, { how, line });
    return line.x.length ? [line] : [];
  });
}

function lineOf(series: Series, named: Drawable, x: X, smoothing: number): Line {
  const drawn = line(series, named, xOf(series, x));
  const placed = x.kind === "metric" ? withoutGaps(drawn) : drawn;
  return smoothing > 0 ? { ...placed, smooth: smoothed(placed.x, placed.y, smoothing) } : placed;
}

function xOf(series: Series, x: X): Float64Array {
  if (x.kind === "time") return series.times ?? series.steps;
  if (x.kind === "wall") {
    const began = x.began.get(series.run) ?? NaN;
    return (series.times ?? series.steps).map((seconds) => began + seconds);
  }
  if (x.kind === "metric") {
    const other = x.of.get(series.run);
    return series.steps.map((step) => (other ? valueBefore(other, step) : NaN));
  }
  return series.steps;
}

/** What a metric last was at or before a step; the bucket's mean where it comes in buckets. */
function valueBefore(other: Series, step: number): number {
  const at = before(other.steps, step);
  return at < 0 ? NaN : (other.values ?? other.mean!)[at]!;
}

/** Only the points that have an x. */
function withoutGaps(drawn: Line): Line {
  const has = (_: number, i: number) => Number.isFinite(drawn.x[i]);
  return {
    ...drawn, x: drawn.x.filter(has), y: drawn.y.filter(has), odd: drawn.odd.filter(({ x }) => Number.isFinite(x)),
    ...(drawn.low && drawn.high ? { low: drawn.low.filter(has), high: drawn.high.filter(has) } : {}),
  };
}

/** A band for each group of which a member has points. Members are smoothed first, if at all: a band is of what is drawn. */
export function bandsOf(lines: readonly Line[], groups: readonly DrawableGroup[], spread: Spread): Band[] {
  const byRun = new Map(lines.map((line) => [line.run, line]));
  return groups.flatMap(({ id, name, stroke, runs, n }) => {
    const members = runs.flatMap((run) => byRun.get(run) ?? []).map(({ x, y, low, high, smooth }) => (smooth ? { x, y: smooth } : { x, y, low, high }));
    return members.length ? [{ run: id, name, stroke, of: n, ...around(members, spread) }] : [];
  });
}
