import "./bulk.css";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { body, client } from "../../api/client";
import { projectParts } from "../../lib/address";
import { size, whole } from "../../lib/format";
import { Dialog } from "../../ui/dialog";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";
import type { useBulk } from "./use-bulk";
import type { RunRow } from "./use-runs";

/** Rises when runs are ticked: what can be done with all of them. With `everything`, all that match are meant, not only the ticked ones. */
export function BulkBar({ project, runs, matching, everything, filter, does, bulk }: {
  project: string;
  runs: readonly RunRow[];
  matching: number;
  everything: boolean;
  filter: string;
  does: { clear: () => void; all: () => void; show: () => void; baseline: (run: string) => void };
  bulk: ReturnType<typeof useBulk>;
}) {
  const [deleting, setDeleting] = useState(false);
  const ids = runs.map(({ id }) => id);
  const which = everything ? filter : `id in (${ids.map((id) => `'${id}'`).join(", ")})`;
  const finished = runs.filter(({ state, origin }) => state === "finished" && origin === "managed");
  const archived = !everything && runs.length > 0 && runs.every((run) => run.archived);
  return (
    <div className="bulk" role="region" aria-label="Ticked runs">
      <div className="row wrap">
        <b>{everything ? `All ${whole(matching)}` : whole(runs.length)} {runs.length === 1 && !everything ? "run" : "runs"}</b>
        {!everything && matching > runs.length && <button type="button" className="plain" onClick={does.all}>Take all {whole(matching)} that match</button>}
        <span className="space" />
        {!everything && runs.length > 1 && (
          <Link className="button" to="/$entity/$project/compare" params={projectParts(project)} search={{ runs: ids.slice(0, 1000).join(",") } as never}>Compare</Link>
        )}
        {!everything && <button type="button" onClick={does.show}>Show on charts</button>}
        {!everything && runs.length === 1 && <button type="button" onClick={() => does.baseline(ids[0]!)}>Use as baseline</button>}
        {!everything && <TagMenu runs={runs} tag={(tag, has) => void bulk.tag(runs, tag, has)} />}
        {!everything && (
          <button type="button" disabled={finished.length === 0 || bulk.busy} title={finished.length < runs.length ? `${finished.length} of these ran here and have finished: only they can be run again` : undefined} onClick={() => void bulk.rerun(finished.map(({ id }) => id))}>
            Rerun{finished.length < runs.length ? ` ${finished.length}` : ""}
          </button>
        )}
        <button type="button" disabled={bulk.busy} onClick={() => void bulk.archive(which, !archived).then((done) => { if (done) does.clear(); })}>{archived ? "Bring back" : "Archive"}</button>
        <button type="button" className="danger" disabled={bulk.busy} onClick={() => setDeleting(true)}>Delete…</button>
        <button type="button" className="plain" onClick={does.clear} aria-label="Untick all">✕</button>
      </div>
      {bulk.error !== null && <Trouble error={bulk.error} />}
      {deleting && <DeleteDialog project={project} filter={which} close={() => setDeleting(false)} remove={(expect) => bulk.remove(which, expect)} done={does.clear} />}
    </div>
  );
}

function TagMenu({ runs, tag }: { runs: readonly RunRow[]; tag: (tag: string, has: boolean) => void }) {
  const [typed, type] = useState("");
  const counts = new Map<string, number>();
  for (const run of runs) for (const each of run.tags) counts.set(each, (counts.get(each) ?? 0) + 1);
  return (
    <Menu label="Tag" closes={false} className="bulk-menu">
      <form className="row" style={{ padding: 4 }} onSubmit={(event) => { event.preventDefault(); if (typed.trim()) tag(typed.trim(), true); type(""); }}>
        <input aria-label="New tag" placeholder="New tag" maxLength={128} value={typed} onChange={(event) => type(event.target.value)} />
        <button type="submit" disabled={!typed.trim()} style={{ width: "auto" }}>Add</button>
      </form>
      {[...counts].map(([each, count]) => (
        <label key={each} className="picker-item">
          <input type="checkbox" checked={count === runs.length} ref={(box) => { if (box) box.indeterminate = count < runs.length; }} onChange={() => tag(each, count < runs.length)} />
          <span className="cut">{each}</span><span className="meta">{count} of {runs.length}</span>
        </label>
      ))}
    </Menu>
  );
}

/** What a deletion would take, before anybody agrees to it. */
function DeleteDialog({ project, filter, close, remove, done }: { project: string; filter: string; close: () => void; remove: (expect: number) => Promise<boolean>; done: () => void }) {
  const preview = useQuery({
    queryKey: ["delete-preview", project, filter],
    queryFn: () => body(client.POST("/api/v1/runs/delete", { body: { project, filter, preview: true } })),
    gcTime: 0, staleTime: 0, retry: false,
  });
  const runs = preview.data?.rows.runs ?? 0;
  const left = Object.entries(preview.data?.left ?? {}).filter(([, count]) => count > 0);
  const others = Object.entries(preview.data?.rows ?? {}).filter(([table, count]) => table !== "runs" && count > 0);
  return (
    <Dialog title="Delete runs" close={close}>
      {preview.isPending && <p className="muted">Counting what would go…</p>}
      {preview.isError && <Trouble error={preview.error} again={() => void preview.refetch()} />}
      {preview.data && (
        <>
          <p><b>{whole(runs)} {runs === 1 ? "run" : "runs"}</b> and {size(preview.data.size_bytes)} of points, logs and files would go for good.</p>
          {others.length > 0 && <p className="meta">Rows: {others.map(([table, count]) => `${whole(count)} ${table.replaceAll("_", " ")}`).join(", ")}.</p>}
          {left.length > 0 && <p className="warn">Not deleted: {left.map(([state, count]) => `${count} ${state}`).join(", ")}. Stop them first.</p>}
        </>
      )}
      <div className="row">
        <span className="space" />
        <button type="button" onClick={close}>Keep them</button>
        <button
          type="button" className="danger" disabled={!preview.data || runs === 0}
          onClick={() => void remove(runs).then((gone) => { close(); if (gone) done(); })}
        >
          {preview.data ? `Delete ${whole(runs)} ${runs === 1 ? "run" : "runs"}` : "Delete"}
        </button>
      </div>
    </Dialog>
  );
}
