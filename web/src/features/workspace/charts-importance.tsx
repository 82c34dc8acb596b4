import { useMemo } from "react";
import { csv, download } from "../../lib/download";
import { importance, strength } from "../../lib/importance";
import { keyLabel, runKey, valueAt } from "../../lib/run-keys";
import { Trouble } from "../../ui/trouble";
import { KeyChoice } from "./charts-key";
import { ofHowMany, standardTarget, useMatching } from "./charts-runs";
import type { ScatterProps } from "./charts-scatter";

/** Which parts of the config tell something of a metric, each by itself, by two measures that are named. */
export function Importance({ project, all, address, choose }: ScatterProps) {
  const target = address.target ?? standardTarget(all);
  const found = useMatching(project, useMemo(() => ["config", target].filter(Boolean), [target]));
  const weights = useMemo(() => importance(found.runs.map(({ config }) => config ?? {}), found.runs.map((run) => number(valueAt(run, runKey(target))))), [found.runs, target]);
  const have = found.runs.filter((run) => Number.isFinite(number(valueAt(run, runKey(target))))).length;
  const rows = () => [["key", "share of variance (epsilon squared)", "rank correlation (Spearman)", "n", "values"], ...weights.map(({ key, share, rank, n, values }) => [key, share, rank, n, values])];
  return (
    <section className="charts-card" aria-label="Importance">
      <div className="charts-choices">
        <KeyChoice label="of" value={target} all={all.filter(({ group }) => group === "Metrics")} change={(target) => choose({ target })} />
        <span className="space" />
        <button type="button" onClick={() => download("importance.csv", new Blob([csv(rows())], { type: "text/csv" }))}>CSV</button>
      </div>
      {found.error && !found.runs.length && <Trouble error={found.error} again={found.again} />}
      {weights.length > 0 && (
        <div className={found.isOld ? "chart-dim scroll-x" : "scroll-x"}>
          <table className="plain charts-importance">
            <thead><tr><th>part of the config</th><th>tells of the variance</th><th>goes along (rank)</th><th className="number">n</th><th className="number">values</th></tr></thead>
            <tbody>
              {weights.slice(0, 60).map((weight) => (
                <tr key={weight.key}>
                  <td><button type="button" className="plain" title="Show it as a scatter" onClick={() => choose({ draw: "scatter", sx: weight.key, sy: target })}>{keyLabel(weight.key)}</button></td>
                  <td>{weight.share === null ? <span className="muted">too many values</span> : <Bar share={weight.share} words={`${Math.round(weight.share * 100)} %`} />}</td>
                  <td>{weight.rank === null ? <span className="muted">no number</span> : <Bar share={Math.abs(weight.rank)} words={`${weight.rank < 0 ? "−" : "+"}${Math.abs(weight.rank).toFixed(2)}`} />}</td>
                  <td className="number">{weight.n}</td>
                  <td className="number">{weight.values}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!found.isPending && weights.length === 0 && <p className="charts-nothing">Nothing to tell: of the runs that match, {have} have this metric, and no part of their configs differs among four or more.</p>}
      <p className="meta">
        {found.isPending ? "Loading…" : `n = ${have}, of ${ofHowMany(found)}.`} Each part by itself, not what several do together; parts that are the same in all are left out. Tells of the variance: epsilon squared, the share that
        knowing the value explains beyond chance, numbers of more than six values taken in quarters. Goes along: Spearman’s rank correlation. Placed by the greater of the first and the square of the second
        {weights[0] ? ` (${keyLabel(weights[0].key)}: ${strength(weights[0]).toFixed(2)})` : ""}. What goes along need not be the cause: a study changes one thing at a time.
      </p>
    </section>
  );
}

const number = (value: unknown): number => (typeof value === "number" ? value : NaN);

function Bar({ share, words }: { share: number; words: string }) {
  return <span className="charts-share"><span style={{ width: `${Math.round(share * 100)}%` }} /><b>{words}</b></span>;
}
