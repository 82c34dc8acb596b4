import "./sweeps.css";
import { Link, useParams } from "@tanstack/react-router";
import { number, whole } from "../../lib/format";
import { HelpLink } from "../../ui/help-link";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { useSweeps } from "./use-sweeps";

/** A project's sweeps, newest first. */
export function SweepsPage() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useSweeps(entity, project);
  const sweeps = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <main className="page stack">
      <div className="row wrap"><h1>Sweeps</h1><span className="space" /><HelpLink guide="guide/wandb" hash="sweeps">How sweeps work</HelpLink></div>
      {error && <Trouble error={error} again={() => void refetch()} />}
      {!data && !error && <p className="muted" role="status">Loading…</p>}
      {data && sweeps.length === 0 && <p className="muted">This project has no sweep. <code>wandb sweep file.yaml</code> makes one here, <code>wandb agent</code> trains it.</p>}
      {sweeps.length > 0 && (
        <ScrollX label="Sweeps">
          <table className="plain sweep-table">
            <thead><tr><th>Sweep</th><th>State</th><th>Method</th><th className="number">Runs</th><th>Judged by</th><th className="number">Best</th><th>Made</th></tr></thead>
            <tbody>
              {sweeps.map((sweep) => (
                <tr key={sweep.id}>
                  <td><Link to="/$entity/$project/sweeps/$sweep" params={{ entity, project, sweep: sweep.external_id }}>{sweep.name}</Link> <span className="meta">{sweep.external_id}</span></td>
                  <td>{sweep.state}</td><td>{sweep.method}</td>
                  <td className="number">{whole(sweep.runs.total)}{sweep.expected !== null && <span className="meta"> of {whole(sweep.expected)}</span>}</td>
                  <td>{sweep.metric ? `${sweep.metric.name}, ${sweep.metric.goal}` : "–"}</td><td className="number">{number(sweep.best_value)}</td><td className="meta"><When at={sweep.created_at} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {hasNextPage && <div><button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Older sweeps</button></div>}
    </main>
  );
}
