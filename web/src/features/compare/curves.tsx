import { useMemo } from "react";
import { CurveChart } from "../../charts/curve-chart";
import { type Line, line } from "../../charts/line";
import type { Series } from "../../charts/columns";
import { useSeries } from "../../charts/use-series";
import { useAddress } from "../../lib/address";
import { charted, chartedText, windowOf } from "../../lib/charted";
import { stroke } from "../../lib/colours";
import { difference } from "../../lib/difference";
import type { RunHead } from "../../lib/run-heads";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";

const MOST = 100;

/** The runs' curves over each other, a chart a metric, as they are or minus the base's; which metrics, and the stretch of steps, stand in the address. */
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
  const minus = search.minus === "1" && runs.length > 1;
  const lines = useMemo(() => {
    const named = (run: string) => ({ name: heads.get(run)?.name ?? run, stroke: stroke(places.get(run) ?? 0) });
    return new Map(drawn.map((metric) => {
      const of = (series ?? []).filter((each) => each.metric === metric && each.count > 0);
      const base = of.find(({ run }) => run === runs[0]);
      if (!minus) return [metric, { lines: of.map((each) => line(each, named(each.run))), exact: true }];
      return [metric, base ? differences(of, base, named) : { lines: [], exact: true }];
    }));
  }, [series, drawn, heads, places, minus, runs]);
  const base = heads.get(runs[0] ?? "")?.name ?? "the base";
  const flip = (metric: string) => change({ charts: chartedText(drawn.includes(metric) ? drawn.filter((each) => each !== metric) : [...drawn, metric].slice(-12)) });
  return (
    <section className="stack" aria-label="Curves">
      <div className="row wrap">
        <h2>Curves</h2>
        {runs.length > MOST && <span className="meta">of the first {MOST} of {runs.length} runs</span>}
        <span className="space" />
        {window && <button type="button" onClick={() => change({ steps: undefined })}>All steps</button>}
        {runs.length > 1 && <label><input type="checkbox" checked={minus} onChange={(event) => change({ minus: event.target.checked ? "1" : undefined })} /> Minus the base</label>}
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
            <h3>{metric}{minus && <span className="meta"> minus {base}</span>}</h3>
            <CurveChart
              title={minus ? `${metric} minus ${base}` : metric} lines={lines.get(metric)?.lines ?? []} sync="compare" window={window} dim={isOld} height={200}
              onZoom={(range) => change({ steps: range ? `${Math.floor(range.min)}~${Math.ceil(range.max)}` : undefined })}
              empty={series ? (minus ? "No run has a step that the base has, too" : "None of these runs has a point here") : "Loading…"}
              {...(minus && { note: lines.get(metric)?.exact ? "at steps that both have" : "of means; the base’s lie on straight lines between its points" })}
            />
          </div>
        ))}
      </div>
      {drawn.length === 0 && <p className="muted">{metrics.length ? "No metric is chosen: see “Metrics”." : "These runs have logged no metric."}</p>}
    </section>
  );
}

/** Each run's curve minus the base's, and the base itself as a line at zero. */
function differences(of: readonly Series[], base: Series, named: (run: string) => Pick<Line, "name" | "stroke">): { lines: Line[]; exact: boolean } {
  const found = of.filter(({ run }) => run !== base.run).map((each) => ({ run: each.run, ...difference(each, base) })).filter(({ x }) => x.length > 0);
  if (found.length === 0) return { lines: [], exact: true };
  const ends = Float64Array.of(base.steps[0]!, base.steps.at(-1)!);
  const zero: Line = { run: base.run, name: named(base.run).name, stroke: { colour: named(base.run).stroke.colour, dash: [4, 4] }, x: ends, y: new Float64Array(2), odd: [], count: 0, drawn: 0 };
  return { lines: [zero, ...found.map(({ run, x, y }): Line => ({ run, ...named(run), x, y, odd: [], count: x.length, drawn: x.length }))], exact: found.every(({ exact }) => exact) };
}
