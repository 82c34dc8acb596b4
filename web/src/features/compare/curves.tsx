import { useMemo } from "react";
import { CurveChart } from "../../charts/curve-chart";
import { line } from "../../charts/line";
import { useSeries } from "../../charts/use-series";
import { useAddress } from "../../lib/address";
import { charted, chartedText, windowOf } from "../../lib/charted";
import { stroke } from "../../lib/colours";
import type { RunHead } from "../../lib/run-heads";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";

const MOST = 100;

/** The runs' curves over each other, a chart a metric; which metrics, and the stretch of steps, stand in the address. */
export function ComparedCurves({ metrics, runs, heads, places }: {
  metrics: readonly string[];
  runs: readonly string[];
  heads: ReadonlyMap<string, RunHead>;
  places: ReadonlyMap<string, number>;
}) {
  const [search, change] = useAddress();
  const drawn = useMemo(() => charted(search.charts, metrics), [search.charts, metrics]);
  const shownRuns = useMemo(() => runs.slice(0, MOST), [runs]);
  const window = useMemo(() => windowOf(search.steps), [search.steps]);
  const { series, error, isOld, again } = useSeries({ runs: shownRuns, metrics: drawn, points: 600, from: window?.min ?? null, to: window?.max ?? null });
  const lines = useMemo(() => {
    const byMetric = new Map(drawn.map((metric) => [metric, [] as ReturnType<typeof line>[]]));
    for (const each of series ?? []) {
      const name = heads.get(each.run)?.name ?? each.run;
      if (each.count) byMetric.get(each.metric)?.push(line(each, { name, stroke: stroke(places.get(each.run) ?? 0) }));
    }
    return byMetric;
  }, [series, drawn, heads, places]);
  const flip = (metric: string) => change({ charts: chartedText(drawn.includes(metric) ? drawn.filter((each) => each !== metric) : [...drawn, metric].slice(-12)) });
  return (
    <section className="stack" aria-label="Curves">
      <div className="row wrap">
        <h2>Curves</h2>
        {runs.length > MOST && <span className="meta">of the first {MOST} of {runs.length} runs</span>}
        <span className="space" />
        {window && <button type="button" onClick={() => change({ steps: undefined })}>All steps</button>}
        <Menu label="Metrics" closes={false} right>
          <div className="compare-metrics">
            {metrics.slice(0, 500).map((metric) => <label key={metric}><input type="checkbox" checked={drawn.includes(metric)} onChange={() => flip(metric)} /><span className="cut">{metric}</span></label>)}
          </div>
        </Menu>
      </div>
      {error && <Trouble error={error} again={again} />}
      <div className="compare-charts">
        {drawn.map((metric) => (
          <div key={metric}>
            <h3>{metric}</h3>
            <CurveChart
              title={metric} lines={lines.get(metric) ?? []} sync="compare" window={window} dim={isOld} height={200}
              onZoom={(range) => change({ steps: range ? `${Math.floor(range.min)}~${Math.ceil(range.max)}` : undefined })}
              empty={series ? "None of these runs has a point here" : "Loading…"}
            />
          </div>
        ))}
      </div>
      {drawn.length === 0 && <p className="muted">{metrics.length ? "No metric is chosen: see “Metrics”." : "These runs have logged no metric."}</p>}
    </section>
  );
}
