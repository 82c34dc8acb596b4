import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { projectParts } from "../../lib/address";
import { value as shown } from "../../lib/format";
import { Lasted, When } from "../../ui/when";

interface Device {
  kind: string;
  name: string;
  cores?: number;
  memory_mb?: number | null;
}

/** A node: its devices, what it trains, what it runs on, and whether its bits are the other nodes'. */
export function NodeRow({ node, queue }: { node: Schemas["NodeShown"]; queue: Schemas["QueuedRun"][] }) {
  const running = queue.filter((run) => run.state === "running" && run.node === node.name);
  const busy = Math.max(running.length, node.running.length);
  return (
    <section className="node" aria-label={`Node ${node.name}`}>
      <div className="row wrap">
        <h2 className="cut">{node.name}</h2>
        <span className={node.alive ? "good" : "muted"}>{node.alive ? "● answers" : <>○ last heard of <When at={node.heartbeat_at} /></>}</span>
        {node.queues.map((name) => <span key={name} className="chip">{name}</span>)}
        {node.flagged && <span className="chip bad">flagged</span>}
        <span className="space" />
        <Slots busy={busy} slots={node.slots} />
      </div>
      <div className="meta">{(node.devices as Device[]).map(deviceWords).join(" · ")}{node.alive && <> · up for <Lasted from={node.started_at} to={null} /></>}</div>
      {node.flags.map((flag) => <Flag key={flag.since + flag.reason} flag={flag} />)}
      {running.map((run) => (
        <div key={run.run} className="row node-run">
          <span className="muted">trains</span>
          <Link to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: run.run }} className="cut" title={run.name}>{run.name}</Link>
          <span className="meta cut">{run.project}</span>
        </div>
      ))}
      <details>
        <summary className="meta">versions</summary>
        <table className="plain node-versions"><tbody>{Object.entries(node.versions).map(([name, of]) => <tr key={name}><td className="muted">{name}</td><td><code>{shown(of)}</code></td></tr>)}</tbody></table>
      </details>
    </section>
  );
}

/** A box for each slot, filled when a run trains in it; beyond 32 the number alone. */
function Slots({ busy, slots }: { busy: number; slots: number }) {
  return (
    <span className="row" title={`${busy} of ${slots} slots busy`}>
      {slots <= 32 && <span className="node-slots" aria-hidden="true">{Array.from({ length: slots }, (_, place) => <i key={place} className={place < busy ? "busy" : undefined} />)}</span>}
      <span className="meta">{busy} of {slots} {slots === 1 ? "slot" : "slots"} busy</span>
    </span>
  );
}

function Flag({ flag }: { flag: Schemas["NodeFlag"] }) {
  return (
    <div className="node-flag" role="note">
      <strong>Its bits differ from the other nodes'.</strong> {flag.reason}{flag.cause ? ` ${flag.cause.why}` : ""} <span className="meta">since <When at={flag.since} /></span>
      {flag.project && flag.run && <> <Link to="/$entity/$project/runs/$run" params={{ ...projectParts(flag.project), run: flag.run }}>Its canary</Link></>}
    </div>
  );
}

function deviceWords({ kind, name, cores, memory_mb: memory }: Device): string {
  return `${kind === "cuda" ? "GPU " : ""}${name}${cores ? `, ${cores} cores` : ""}${memory ? `, ${Math.round(memory / 1024)} GiB` : ""}`;
}
