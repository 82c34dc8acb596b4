import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { projectParts } from "../../lib/address";
import { whole } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { State } from "../../ui/state";
import { When } from "../../ui/when";

/** What trains and what waits, in the order in which it will begin, and what each waits for. */
export function QueueTable({ queue }: { queue: Omit<Schemas["QueueShown"], "next_cursor"> }) {
  if (!queue.items.length) return <p className="muted">Nothing trains and nothing waits. <Link to="/submit">Submit a run</Link></p>;
  const total = queue.queued + queue.running;
  return (
    <ScrollX label="Queue">
      <p className="meta">{whole(queue.running)} running, {whole(queue.queued)} queued{total > queue.items.length ? `; the first ${whole(queue.items.length)} are shown` : ""}</p>
      <table className="plain">
        <thead><tr><th scope="col" className="number">Place</th><th scope="col">Run</th><th scope="col">State</th><th scope="col">Waits for</th><th scope="col">Queue</th><th scope="col" className="number">Priority</th><th scope="col">Submitted</th></tr></thead>
        <tbody>
          {queue.items.map((run) => (
            <tr key={run.run}>
              <td className="number">{run.position ?? "–"}</td>
              <td className="queue-run"><Link to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: run.run }} title={run.name}>{run.name}</Link> <span className="meta">{run.project}</span></td>
              <td><State state={run.state} /></td>
              <td className="queue-wait">{run.state === "running" ? <span className="muted">on {run.node ?? "a node"}</span> : (run.waiting_for ?? "–")}</td>
              <td>{run.queue}</td>
              <td className="number">{run.priority}</td>
              <td><When at={run.created_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
