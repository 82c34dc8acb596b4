import { Link } from "@tanstack/react-router";
import { useAddress } from "../../lib/address";
import { number, value } from "../../lib/format";
import { ordered, tried } from "../../lib/sweep-points";
import { ScrollX } from "../../ui/scroll-x";
import { State } from "../../ui/state";
import type { Sweep } from "./use-sweeps";

/** What each run tried and gave, in the order of any column. */
export function PointsTable({ sweep, address }: { sweep: Sweep; address: { entity: string; project: string } }) {
  const [search, change] = useAddress();
  const by = search.sort ?? (sweep.metric?.goal === "maximize" ? "-value" : "value");
  const flip = (column: string) => change({ sort: by === column ? `-${column}` : column });
  const columns = [{ key: "place", words: "Run", number: false }, ...sweep.parameters.map((key) => ({ key, words: key, number: true })), { key: "value", words: sweep.metric?.name ?? "value", number: true }];
  return (
    <section className="stack" aria-label="Runs">
      <div className="row"><h2>Runs</h2>{sweep.points.length >= 1000 && <span className="meta">the newest 1,000</span>}</div>
      {sweep.points.length === 0 ? <p className="muted">No agent has asked for a run yet: <code>wandb agent {sweep.project}/{sweep.external_id}</code></p> : (
        <ScrollX label="Runs of the sweep">
          <table className="plain sweep-table">
            <thead>
              <tr>
                {columns.map(({ key, words, number: right }) => (
                  <th key={key} className={right ? "number" : undefined} aria-sort={by === key ? "ascending" : by === `-${key}` ? "descending" : undefined}>
                    <button type="button" className="plain" onClick={() => flip(key)}>{words}{by === key ? " ▴" : by === `-${key}` ? " ▾" : ""}</button>
                  </th>
                ))}
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {ordered(sweep.points, by).map((point) => (
                <tr key={point.place}>
                  <td>{point.run ? <Link to="/$entity/$project/runs/$run" params={{ ...address, run: point.run }}>{point.name ?? point.external_id}</Link> : <span className="muted">{point.external_id}</span>}{point.run !== null && point.run === sweep.best?.run && <span className="chip good">best</span>}</td>
                  {sweep.parameters.map((key) => <td key={key} className="number">{value(tried(point, key))}</td>)}
                  <td className="number">{number(point.value)}</td>
                  <td>{point.state === "given" ? <span className="muted">given to an agent</span> : <State state={point.state} />}{point.stopped_early && <span className="meta"> stopped early</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </section>
  );
}
