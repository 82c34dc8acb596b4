import { useMemo } from "react";
import { type Schemas } from "../../api/client";
import { CurveChart } from "../../charts/curve-chart";
import { type Series } from "../../charts/columns";
import { line } from "../../charts/line";
import { useSeries } from "../../charts/use-series";
import { useAddress } from "../../lib/address";
import { stroke } from "../../lib/colours";
import { beside } from "../../lib/beside";
import { whole } from "../../lib/format";
import { exact } from "../../lib/ulps";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { type Run } from "./use-run";

const WIDTHS = [10, 25, 100, 1000];
const ROWS = 12;

/** Both curves around the step at which they part, and the values there with every digit. */
export function Around({ one, other, first }: { one: Run; other: Run; first: Schemas["FirstDifference"] }) {
  const [search, change] = useAddress();
  const both = Object.keys(one.metrics).filter((metric) => metric in other.metrics && !metric.startsWith("system/"));
  const metric = both.includes(search.metric ?? "") ? search.metric! : first.metric;
  const width = WIDTHS.includes(Number(search.around)) ? Number(search.around) : 25;
  const [from, to] = [Math.max(0, first.step - width), first.step + width];
  const asked = useSeries({ runs: [one.id, other.id], metrics: [metric], points: 5_000, from, to });
  const { series } = asked;
  const lines = useMemo(() => {
    if (!series?.[0] || !series[1]) return [];
    return [line(series[0], { name: "original", stroke: stroke(0) }), line(series[1], { name: "rerun", stroke: { colour: stroke(4).colour, dash: [5, 4] } })];
  }, [series]);
  if (asked.error && !series) return <Trouble error={asked.error} again={asked.again} />;
  return (
    <section className="stack" aria-label="Around the first difference">
      <div className="row wrap">
        <h2>Around step {first.step}</h2>
        <select aria-label="Metric" value={metric} onChange={(event) => change({ metric: event.target.value === first.metric ? undefined : event.target.value })}>
          {both.map((name) => <option key={name}>{name}</option>)}
        </select>
        <select aria-label="How far around" value={width} onChange={(event) => change({ around: event.target.value })}>
          {WIDTHS.map((each) => <option key={each} value={each}>{each} steps to either side</option>)}
        </select>
      </div>
      <CurveChart
        title={`${metric} of the original and its rerun`} lines={lines} height={200} dim={asked.isOld} window={{ min: from, max: to }}
        marks={[{ x: first.step, words: `first difference, step ${first.step}` }]} empty={series ? "Neither run has a point here." : "Loading …"}
      />
      {series?.[0] && series[1] && <Values one={series[0]} other={series[1]} step={first.step} />}
    </section>
  );
}

function Values({ one, other, step }: { one: Series; other: Series; step: number }) {
  const rows = beside(one, other, step, ROWS);
  if (rows.length === 0) return null;
  return (
    <ScrollX label="Values around the step">
      <table className="plain run-values">
        <thead><tr><th scope="col" className="number">Step</th><th scope="col" className="number">Original</th><th scope="col" className="number">Rerun</th><th scope="col" className="number">Apart</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.step} className={row.same ? undefined : "differs"}>
              <td className="number">{whole(row.step)}</td><td className="number mono">{exact(row.one)}</td><td className="number mono">{exact(row.other)}</td>
              <td className="number">{row.same ? "the same bits" : row.apart}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
