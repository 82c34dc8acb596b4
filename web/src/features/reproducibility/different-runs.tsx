import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { number, value } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { Seal } from "../../ui/seal";
import { When } from "../../ui/when";

/** The runs that came out different: where first, by how much, and what most likely did it. */
export function DifferentRuns({ runs, address }: { runs: Schemas["DifferentRun"][]; address: { entity: string; project: string } }) {
  if (runs.length === 0) return null;
  return (
    <section className="stack" aria-label="Different runs">
      <h2>What does not reproduce</h2>
      <ScrollX label="Runs that differ">
        <table className="plain">
          <thead><tr><th>Run</th><th>Rerun</th><th>Node</th><th>First difference</th><th>Likely cause</th><th>Judged</th></tr></thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.rerun}>
                <td className="reproducibility-name"><Seal kind="different" /> <Link to="/$entity/$project/runs/$run" params={{ ...address, run: run.run }}>{run.name}</Link></td>
                <td><Link to="/$entity/$project/runs/$run" params={{ ...address, run: run.rerun }} search={{ tab: "proof" } as never}>the proof</Link></td>
                <td>{run.node ?? "–"}</td>
                <td><FirstDifference of={run.first_difference} /></td>
                <td>{run.cause ? <span title={run.cause.why}>{run.cause.what}: {value(run.cause.original)} → {value(run.cause.rerun)}</span> : <span className="muted">none found</span>}</td>
                <td className="meta"><When at={run.judged_at} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {runs.length === 100 && <p className="meta">The newest 100.</p>}
    </section>
  );
}

export function FirstDifference({ of }: { of: Schemas["FirstDifference"] | null }) {
  if (!of) return <span className="muted">in no metric: see the proof</span>;
  return (
    <>
      {of.metric} at step {of.step} <span className="meta">{number(of.original, 9)} → {number(of.rerun, 9)}{of.ulps !== null && `, ${number(of.ulps)} ${of.ulps === 1 ? "ulp" : "ulps"}`}</span>
    </>
  );
}
