import { useRef } from "react";
import { type ChartHandle, CurveChart } from "../../charts/curve-chart";
import { chartRows } from "../../charts/rows";
import { number, duration, whole } from "../../lib/format";
import { csv, download } from "../../lib/download";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";
import type { ShownGroup, ShownRun } from "./charts";
import { useMetricLines } from "./charts-lines";
import type { ChartsState } from "./charts-view";

export interface MetricChartProps {
  project: string;
  metric: string;
  runs: ShownRun[];
  groups: ShownGroup[] | null;
  charts: ChartsState;
  height?: number;
  /** Instead of the button that opens it in full. */
  full?: boolean;
}

/** One metric over the runs that are shown, with its name, its buttons and what can be done with it. */
export function MetricChart({ project, metric, runs, groups, charts, height = 220, full = false }: MetricChartProps) {
  const { view, set, zoom, pin } = charts;
  const { lines, bands, isFirst, isOld, error, again } = useMetricLines(project, metric, runs, groups, view, full ? 2000 : 1000);
  const chart = useRef<ChartHandle>(null);
  const { name: xName, format } = axis(view.x);
  const isPinned = view.pinned.includes(metric);
  const picture = async () => download(`${project} ${metric}.png`, await chart.current!.png());
  return (
    <section className="charts-card" aria-label={metric}>
      <header className="row">
        <h3 className="cut" title={metric}>{metric}</h3>
        <span className="space" />
        <button type="button" className="plain charts-small" aria-pressed={isPinned} aria-label={isPinned ? `Unpin ${metric}` : `Pin ${metric} to the top`} title={isPinned ? "Unpin" : "Pin to the top"} onClick={() => pin(metric)}>
          {isPinned ? "★" : "☆"}
        </button>
        {!full && <button type="button" className="plain charts-small" aria-label={`${metric} in full`} title="In full (then ← → for the others)" onClick={() => set({ full: metric })}>⤢</button>}
        <Menu label="⤓" name={`Save ${metric}`} right className="plain charts-small">
          <button type="button" onClick={() => void picture()}>Picture (PNG)</button>
          <button type="button" onClick={() => download(`${project} ${metric}.svg`, new Blob([chart.current!.svg()], { type: "image/svg+xml" }))}>Drawing (SVG)</button>
          <button type="button" onClick={() => download(`${project} ${metric}.csv`, new Blob([csv([...chartRows(lines, bands, xName)])], { type: "text/csv" }))}>Points as shown (CSV)</button>
        </Menu>
      </header>
      {error && !lines.length && !bands.length ? <Trouble error={error} again={again} /> : (
        <CurveChart
          ref={chart} title={metric} lines={lines} bands={bands} height={height} sync="workspace" window={view.zoom} onZoom={zoom} logX={view.logX && view.x !== "wall"} logY={view.logY}
          outliers={view.outliers} time={view.x === "wall"} formatX={format} xName={xName} dim={isOld}
          empty={isFirst ? "Loading…" : view.zoom ? "No points in this window: double-click to see all" : "None of the runs shown has points of this metric"}
          {...(error ? { note: `not the newest: ${error.message}` } : {})}
        />
      )}
    </section>
  );
}

const step = (x: number): string => (Number.isInteger(x) ? whole(x) : ""); // between two steps there is none
const plain = (x: number): string => number(x, 4);

/** What x is called, and how it is written. */
export function axis(x: string): { name: string; format: (x: number) => string } {
  if (x.startsWith("metric:")) return { name: x.slice(7), format: plain };
  return x === "time" ? { name: "time since the run began", format: duration } : { name: x === "wall" ? "time" : "step", format: step };
}
