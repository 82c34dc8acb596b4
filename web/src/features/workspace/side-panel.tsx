import "./side-panel.css";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { body, client, type Schemas } from "../../api/client";
import { projectParts } from "../../lib/address";
import { number, value } from "../../lib/format";
import { Copy } from "../../ui/copy";
import { Seal, sealOf } from "../../ui/seal";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { Lasted, When } from "../../ui/when";

/** A run beside the table: enough to decide whether to open it. */
export function SidePanel({ project, run, close, baseline }: { project: string; run: string; close: () => void; baseline: (run: string) => void }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["run", run],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: run } }, signal })),
  });
  return (
    <aside className="side stack" aria-label="Run">
      <div className="row">
        <span className="space" />
        <Link className="button" to="/$entity/$project/runs/$run" params={{ ...projectParts(project), run }}>Open</Link>
        <button type="button" onClick={() => baseline(run)}>Use as baseline</button>
        <button type="button" className="plain" onClick={close} aria-label="Close the panel">✕</button>
      </div>
      {error !== null && <Trouble error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <p className="muted">Loading…</p>}
      {data && <Facts run={data} project={project} />}
    </aside>
  );
}

function Facts({ run, project }: { run: Schemas["RunShown"]; project: string }) {
  return (
    <>
      <h2>{run.name}</h2>
      <div className="row wrap"><State state={run.state} /><Seal kind={sealOf(run)} reruns={run.reproduced?.reruns ?? 0} words /></div>
      {run.reason && <p className={run.state === "finished" ? "meta" : "bad"}>{run.reason}</p>}
      {run.waiting_for && <p className="meta">Waits for {run.waiting_for}{run.queue_position !== null && `, number ${run.queue_position} of its queue`}.</p>}
      <p className="meta">
        Made <When at={run.created_at} />{run.started_at && <>, ran <Lasted from={run.started_at} to={run.state === "running" ? null : run.finished_at} /></>}{run.node && ` on ${run.node}`} · <code>{run.id}</code> <Copy text={run.id} label="copy id" />
      </p>
      {run.change.length > 0 && (
        <>
          <h3>Change against its baseline</h3>
          <table className="plain"><tbody>{run.change.map(({ path, from, to }) => <tr key={path}><td><code>{path}</code></td><td>{value(from)} → <b>{value(to)}</b></td></tr>)}</tbody></table>
          {run.baseline && <p><Link to="/$entity/$project/compare" params={projectParts(project)} search={{ runs: `${run.baseline},${run.id}` } as never}>Compare with the baseline</Link></p>}
        </>
      )}
      {run.tags.length > 0 && <div className="row wrap">{run.tags.map((tag) => <span key={tag} className="chip">{tag}</span>)}</div>}
      {run.notes && <p style={{ whiteSpace: "pre-wrap" }}>{run.notes}</p>}
      <Metrics metrics={run.metrics} />
      <Config config={run.config} />
    </>
  );
}

function Metrics({ metrics }: { metrics: Schemas["RunShown"]["metrics"] }) {
  const names = Object.keys(metrics).sort();
  if (names.length === 0) return <p className="meta">Nothing was measured yet.</p>;
  return (
    <table className="plain">
      <thead><tr><th>metric</th><th className="number">last</th><th className="number">least</th><th className="number">greatest</th></tr></thead>
      <tbody>
        {names.slice(0, 200).map((name) => (
          <tr key={name}><td>{name}</td><td className="number">{number(metrics[name]!.last)}</td><td className="number">{number(metrics[name]!.min)}</td><td className="number">{number(metrics[name]!.max)}</td></tr>
        ))}
      </tbody>
    </table>
  );
}

function Config({ config }: { config: Record<string, unknown> }) {
  const [sought, seek] = useState("");
  const all = leaves(config, "");
  const found = all.filter(([path, of]) => `${path} ${value(of)}`.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      <div className="row"><h3>Config</h3><span className="space" /><input type="search" aria-label="Search the config" placeholder="Search" value={sought} onChange={(event) => seek(event.target.value)} /></div>
      <table className="plain"><tbody>{found.slice(0, 300).map(([path, of]) => <tr key={path}><td><code>{path}</code></td><td>{value(of)}</td></tr>)}</tbody></table>
      {found.length === 0 && <p className="meta">{all.length === 0 ? "This run has no config." : "Nothing in the config is like this."}</p>}
    </>
  );
}

function leaves(tree: Record<string, unknown>, above: string): [string, unknown][] {
  return Object.entries(tree).flatMap(([name, of]): [string, unknown][] => {
    const path = above ? `${above}.${name}` : name;
    return of !== null && typeof of === "object" && !Array.isArray(of) && Object.keys(of).length > 0 ? leaves(of as Record<string, unknown>, path) : [[path, of]];
  });
}
