import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { projectParts } from "../../lib/address";
import { whole } from "../../lib/format";
import { Trouble } from "../../ui/trouble";
import { layoutOf } from "./run-line";
import { RunTable, type TableDoes } from "./table";
import type { useLines } from "./use-lines";
import { fieldsOf, useRunsById } from "./use-runs";
import type { useFields } from "./use-runs";
import type { useView, View } from "./use-view";

/** The left side: the table, and under it how many there are. */
export function RunsSide({ project, view, does, table, open, shown, toggle }: {
  project: string;
  view: View;
  does: ReturnType<typeof useView>["does"];
  table: ReturnType<typeof useLines>;
  fields: ReturnType<typeof useFields>;
  open: readonly string[];
  shown: ReadonlyMap<string, number>;
  toggle: (ids: readonly string[], open: boolean) => string;
}) {
  const navigate = useNavigate();
  const [ticked, tick] = useState<ReadonlySet<string>>(new Set());
  const [active, activate] = useState(-1);
  const layout = useMemo(() => layoutOf(view.columns), [view.columns]);
  const baselines = useRunsById(project, view.baseline ? [view.baseline] : [], fieldsOf(view.columns));
  const baseline = view.baseline ? baselines.data?.[0] : undefined;
  const { lines, from, count } = table;
  const runAt = (place: number) => { const line = lines[place]; return line?.kind === "run" ? line.run : undefined; };
  const tableDoes: TableDoes = {
    ...does,
    clicked: (place, what) => {
      const line = lines[place];
      if (!line) return;
      activate(place);
      if (line.kind === "group") {
        if (what === "eye") does.change({ shown: toggle([line.id], !shown.has(line.id)) });
        else does.change({ open: (open.includes(line.id) ? open.filter((id) => id !== line.id) : [...open, line.id]).join(",") });
      } else if (line.kind === "run") {
        const { id } = line.run;
        if (what === "eye") does.change({ shown: toggle([id], !shown.has(id)) });
        else if (what === "tick") tick(new Set(ticked.has(id) ? [...ticked].filter((each) => each !== id) : [...ticked, id]));
        else does.change({ run: view.panel === id ? "" : id });
      }
    },
    opened: (place) => {
      const run = runAt(place);
      if (run) void navigate({ to: "/$entity/$project/runs/$run", params: { ...projectParts(project), run: run.id } });
    },
    hovered: () => undefined,
    tickAll: () => tick(ticked.size > 0 ? new Set() : new Set([...table.loaded.keys()])),
    more: () => { if (from.hasNextPage && !from.isFetching) void from.fetchNextPage(); },
  };
  return (
    <>
      <RunTable
        project={project} lines={lines} total={count.data ?? lines.length} layout={layout} sort={view.sort} shown={shown} ticked={ticked} active={active} chosen={view.panel} baseline={baseline}
        grouped={table.grouped} telling={table.keys} stale={from.isPlaceholderData} does={tableDoes} label={`Runs of ${project}`}
      >
        {from.isPending ? <Loading /> : from.isError && lines.length === 0 ? <div style={{ padding: 12 }}><Trouble error={from.error} again={() => void from.refetch()} /></div> : undefined}
      </RunTable>
      <div className="runs-foot">
        <span aria-live="polite">{count.data === undefined ? "…" : `${whole(count.data)} ${count.data === 1 ? "run" : "runs"}`}</span>
      </div>
    </>
  );
}

function Loading() {
  return <div aria-label="Loading runs" role="status">{[90, 70, 80, 60, 75].map((width) => <div key={width} className="runs-skeleton" style={{ width: `${width}%` }} />)}</div>;
}
