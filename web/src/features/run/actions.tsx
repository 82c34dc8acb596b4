import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { body, client } from "../../api/client";
import { projectParts } from "../../lib/address";
import { isActive } from "../../lib/proof";
import { Dialog } from "../../ui/dialog";
import { useSingleKeys } from "../../lib/single-keys";
import { Menu } from "../../ui/menu";
import { ShareDialog } from "../../ui/share-dialog";
import { Trouble } from "../../ui/trouble";
import { DeleteDialog } from "./delete-dialog";
import { type Run, type useChanges } from "./use-run";

type Open = "share" | "delete" | null;

/** What can be done with the run. A button that cannot do its work says why instead of being away. */
export function RunActions({ run, changes }: { run: Run; changes: ReturnType<typeof useChanges> }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const refused = changes.rerun.error ?? changes.stop.error;
  return (
    <div className="row wrap run-actions">
      <RerunButton run={run} rerun={changes.rerun} />
      {run.origin === "managed" && <Link className="button" to="/submit" search={{ from: run.id } as never}>Change one thing</Link>}
      {(isActive(run.state) || run.state === "crashed") && (
        <button type="button" disabled={changes.stop.isPending} onClick={() => changes.stop.mutate()}>{changes.stop.isSuccess ? "Stopping …" : "Stop"}</button>
      )}
      <button type="button" onClick={() => setOpen("share")} title="A read-only link, a badge for a README">Share</button>
      <Menu label="More" name="More to do with the run" right>
        <Link to="/$entity/$project/compare" params={projectParts(run.project)} search={{ runs: [run.id, run.baseline ?? run.rerun_of].filter(Boolean).join(",") } as never}>Compare</Link>
        <a href={`/api/v1/runs/${run.id}/export`} download>Download everything (zip)</a>
        <button type="button" onClick={() => changes.edit.mutate({ archived: !run.archived })}>{run.archived ? "Take out of the archive" : "Archive"}</button>
        <button type="button" className="danger" onClick={() => setOpen("delete")}>Delete …</button>
      </Menu>
      {open === "share" && <ShareDialog of={{ kind: "run", id: run.id }} name={run.name} close={close} />}
      {open === "delete" && <DeleteDialog run={run} remove={changes.remove} close={close} />}
      {refused && <Refusal error={refused} close={() => { changes.rerun.reset(); changes.stop.reset(); }} />}
    </div>
  );
}

function Refusal({ error, close }: { error: unknown; close: () => void }) {
  return <Dialog title="This was refused" close={close}><Trouble error={error} /></Dialog>;
}

/** Why the run cannot be run again; null when it can. */
function rerunRefused(run: Run): string | null {
  if (run.origin === "client") return "Only runs that this service trained can be run again by it";
  return run.state === "finished" ? null : `Only a finished run can be run again; this one is ${run.state}`;
}

function RerunButton({ run, rerun }: { run: Run; rerun: ReturnType<typeof useChanges>["rerun"] }) {
  const why = rerunRefused(run);
  useSingleKeys({ r: () => { if (why === null && !rerun.isPending) rerun.mutate({}); } });
  return (
    <span className="run-split">
      <button type="button" className="primary" disabled={why !== null || rerun.isPending} title={why ?? "Train the same config and seed again and compare all bits (r)"} onClick={() => rerun.mutate({})}>Rerun</button>
      <Menu label="▾" name="Choose how often and where to rerun" right closes={false} className={why === null ? "primary" : ""}>
        {(close) => <RerunChoice why={why} ask={(asked) => { rerun.mutate(asked); close(); }} />}
      </Menu>
    </span>
  );
}

function RerunChoice({ why, ask }: { why: string | null; ask: (asked: { count: number; node?: string }) => void }) {
  const [count, setCount] = useState(1);
  const [node, setNode] = useState("");
  const nodes = useQuery({ queryKey: ["nodes"], queryFn: ({ signal }) => body(client.GET("/api/v1/nodes", { signal })) });
  if (why) return <p className="meta run-menu-text">{why}.</p>;
  return (
    <form className="stack run-menu-text" onSubmit={(event) => { event.preventDefault(); ask({ count, ...(node && { node }) }); }}>
      <label>How often <input type="number" min={1} max={100} value={count} onChange={(event) => setCount(event.target.valueAsNumber || 1)} /></label>
      <label>
        On
        <select value={node} onChange={(event) => setNode(event.target.value)}>
          <option value="">any node</option>
          {nodes.data?.items.filter(({ alive }) => alive).map(({ name }) => <option key={name}>{name}</option>)}
        </select>
      </label>
      <button type="submit" className="primary">Rerun {count === 1 ? "once" : `${count} times`}</button>
    </form>
  );
}
