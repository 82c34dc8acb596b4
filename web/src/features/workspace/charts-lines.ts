import { useMemo } from "react";
import type { Series } from "../../charts/columns";
import type { Band, Line } from "../../charts/line";
import { bandsOf, type Drawable, linesOf, type X } from "../../charts/metric-lines";
import { type SeriesAsked, useSeries } from "../../charts/use-series";
import type { ChartView } from "../../lib/chart-view";
import type { ShownGroup, ShownRun } from "./charts";
import { useRunsById } from "./use-runs";

const MOST_NUMBERS = 200_000;
const LEAST_POINTS = 100;

export interface MetricLines {
  lines: Line[];
  bands: Band[];
  /** What was fetched, for tables of it. */
  runs: ReadonlyMap<string, Drawable>;
  isFirst: boolean;
  isOld: boolean;
  error: Error | null;
  again: () => void;
}

/** A metric's curves of the runs, or of the groups, as the view wants them; in a zoomed window, the points of that window. */
export function useMetricLines(project: string, metric: string, runs: readonly ShownRun[], groups: readonly ShownGroup[] | null, view: ChartView, most = 1000): MetricLines {
  const drawables = useMemo(() => named(runs, groups), [runs, groups]);
  const ids = useMemo(() => [...drawables.keys()], [drawables]);
  const other = view.x.startsWith("metric:") ? view.x.slice(7) : null;
  const began = useBegan(project, ids, view.x === "wall");
  const metrics = useMemo(() => (other && other !== metric ? [metric, other] : [metric]), [metric, other]);
  const asked = useMemo((): SeriesAsked => {
    const points = Math.max(LEAST_POINTS, Math.min(most, Math.floor(MOST_NUMBERS / Math.max(1, ids.length))));
    return { runs: ids, metrics, points, x: view.x === "time" || view.x === "wall" ? "time" : "step", ...fetchedWindow(view, began) };
  }, [ids, metrics, most, view, began]);
  const key = JSON.stringify(asked);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the same question is the same object, whatever else of the view changes
  const stable = useMemo(() => asked, [key]);
  const { series, error, isOld, again } = useSeries(stable, view.x !== "wall" || began !== null);
  const lines = useMemo(() => {
    if (!series) return [];
    return linesOf(series.filter((each) => each.metric === metric), drawables, xOf(view.x, series, other, began), view.smoothing);
  }, [series, metric, other, drawables, view.x, view.smoothing, began]);
  const bands = useMemo(() => (groups ? bandsOf(lines, groups, view.spread) : []), [groups, lines, view.spread]);
  const members = useMemo(() => (groups ? lines.map((line) => faint(line, groups)) : lines), [groups, lines]);
  return { lines: groups && !view.members ? [] : members, bands, runs: drawables, isFirst: !series && !error && ids.length > 0, isOld, error, again };
}

function named(runs: readonly ShownRun[], groups: readonly ShownGroup[] | null): Map<string, Drawable> {
  if (!groups) return new Map(runs.map((run) => [run.id, run]));
  return new Map(groups.flatMap((group) => group.runs.map((id) => [id, { id, name: group.name, stroke: group.stroke }])));
}

/** A member's line belongs to its group: they are emphasised together. */
function faint(line: Line, groups: readonly ShownGroup[]): Line {
  const group = groups.find(({ runs }) => runs.includes(line.run));
  return { ...line, faint: true, member: line.run, low: undefined, high: undefined, run: group?.id ?? line.run };
}

function xOf(x: string, series: readonly Series[], other: string | null, began: ReadonlyMap<string, number> | null): X {
  if (other) return { kind: "metric", of: new Map(series.filter(({ metric }) => metric === other).map((each) => [each.run, each])) };
  if (x === "wall") return { kind: "wall", began: began ?? new Map<string, number>() };
  return x === "time" ? { kind: "time" } : { kind: "step" };
}

/** The zoomed window in what the API counts x in, and a tenth more on each side, so that lines leave the picture; another metric as x has none. */
function fetchedWindow({ x, zoom }: ChartView, began: ReadonlyMap<string, number> | null): { from?: number; to?: number } {
  if (!zoom || x.startsWith("metric:")) return {};
  const more = (zoom.max - zoom.min) / 10;
  const starts = x === "wall" ? [...(began?.values() ?? [])] : [0];
  if (!starts.length) return {};
  const from = zoom.min - more - Math.max(...starts);
  const to = zoom.max + more - Math.min(...starts);
  return x === "step" ? { from: Math.floor(from), to: Math.ceil(to) } : { from, to };
}

/** When each run began, in seconds since 1970. */
function useBegan(project: string, ids: readonly string[], wanted: boolean): ReadonlyMap<string, number> | null {
  const { data } = useRunsById(project, wanted ? ids : [], "id,started_at,created_at");
  return useMemo(() => (wanted && data ? new Map(data.map((run) => [run.id, Date.parse(run.started_at ?? run.created_at) / 1000])) : null), [wanted, data]);
}
