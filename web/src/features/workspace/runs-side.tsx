import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { Refused } from "../../api/client";
import { projectParts } from "../../lib/address";
import { getHovered, onHovered, setHovered } from "../../lib/hover";
import { later } from "../../ui/later";
import { Trouble } from "../../ui/trouble";
import { Foot } from "./foot";
import { layoutOf } from "./run-line";
import { NARROW, useMedia } from "./split";
import { RunTable, type TableDoes } from "./table";
import { useBulk } from "./use-bulk";
import { useConcluded } from "./use-concluded";
import { useKeys } from "./use-keys";
import type { useLines } from "./use-lines";
import { fieldsOf, type RunRow, useRunsById } from "./use-runs";
import type { useView, View } from "./use-view";

const BulkBar = later(async () => (await import("./bulk-bar")).BulkBar, null);
const NoRuns = later(async () => (await import("./nothing")).NoRuns);
const NothingMatches = later(async () => (await import("./nothing")).NothingMatches);
const MOST_PINNED = 176; // on a phone, so that something of the others is seen

/** The left side: the table with what can be done in it, and under it how many runs there are. */
export function RunsSide({ project, view, does, table, open, shown, toggle }: {
  project: string;
  view: View;
  does: ReturnType<typeof useView>["does"];
  table: ReturnType<typeof useLines>;
  open: readonly string[];
  shown: ReadonlyMap<string, number>;
  toggle: (ids: readonly string[], open: boolean) => string;
}) {
  const navigate = useNavigate();
  const bulk = useBulk(project);
  const [ticked, tick] = useState<ReadonlyMap<string, RunRow>>(new Map());
  const [everything, takeAll] = useState(false);
  const [active, activate] = useState(-1);
  const narrow = useMedia(NARROW);
  const layout = useMemo(() => layoutOf(narrow ? view.columns.map((column) => (column.pinned ? { ...column, width: Math.min(column.width, MOST_PINNED) } : column)) : view.columns), [view.columns, narrow]);
  const baselines = useRunsById(project, view.baseline ? [view.baseline] : [], fieldsOf(view.columns));
  const baseline = view.baseline ? baselines.data?.[0] : undefined;
  const conclusions = useConcluded(baseline);
  const { lines, from, count } = table;
  const { hasNextPage, isFetching, fetchNextPage } = from;
  useHoverMarks();

  const runAt = (place: number) => { const line = lines[place]; return line?.kind === "run" ? line.run : undefined; };
  const clear = () => { tick(new Map()); takeAll(false); };
  const tickOne = (run: RunRow) => {
    const next = new Map(ticked);
    if (!next.delete(run.id)) next.set(run.id, run);
    tick(next);
    takeAll(false);
  };
  const tickRange = (to: number) => {
    const between = lines.slice(Math.min(active, to), Math.max(active, to) + 1);
    tick(new Map([...ticked, ...between.flatMap((line) => (line.kind === "run" ? [[line.run.id, line.run] as const] : []))]));
  };
  const eye = (id: string) => does.change({ shown: toggle([id], !shown.has(id)) });
  const openRun = (run: RunRow | undefined) => { if (run) void navigate({ to: "/$entity/$project/runs/$run", params: { ...projectParts(project), run: run.id } }); };
  const unfold = (id: string) => does.change({ open: (open.includes(id) ? open.filter((each) => each !== id) : [...open, id]).join(",") });
  const compare = () => { if (ticked.size > 1) void navigate({ to: "/$entity/$project/compare", params: projectParts(project), search: { runs: [...ticked.keys()].join(",") } as never }); };
  const move = (by: number) => activate(Math.max(0, Math.min(lines.length - 1, active + by)));
  const back = () => {
    if (view.panel) does.change({ run: "" });
    else if (ticked.size > 0) clear();
    else activate(-1);
  };
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: back,
    x: () => { const run = runAt(active); if (run) tickOne(run); },
    e: () => { const line = lines[active]; if (line && line.kind !== "note") eye(line.kind === "run" ? line.run.id : line.id); },
    c: compare,
    r: () => { const runs = ticked.size > 0 ? [...ticked.values()] : [runAt(active)]; void bulk.rerun(runs.flatMap((run) => (run?.state === "finished" && run.origin === "managed" ? [run.id] : []))); },
    g: () => document.querySelector<HTMLElement>(".group-opener")?.click(),
    "/": () => document.querySelector<HTMLElement>("[data-key=filter]")?.focus(),
    Enter: () => { const line = lines[active]; if (line?.kind === "group") unfold(line.id); else openRun(runAt(active)); },
  });
  const more = useCallback(() => { if (hasNextPage && !isFetching) void fetchNextPage(); }, [hasNextPage, isFetching, fetchNextPage]);
  const tableDoes: TableDoes = {
    ...does,
    clicked: (place, what, event) => {
      const line = lines[place];
      if (!line || line.kind === "note") return;
      if (what === "tick" && event.shiftKey && active >= 0) { tickRange(place); return; }
      activate(place);
      if (line.kind === "group") { if (what === "eye") eye(line.id); else unfold(line.id); }
      else if (what === "eye") eye(line.run.id);
      else if (what === "tick") tickOne(line.run);
      else does.change({ run: view.panel === line.run.id ? "" : line.run.id });
    },
    opened: (place) => openRun(runAt(place)),
    hovered: setHovered,
    tickAll: () => { if (ticked.size > 0) clear(); else tick(new Map(lines.flatMap((line) => (line.kind === "run" ? [[line.run.id, line.run] as const] : [])))); },
    more,
  };
  return (
    <>
      <RunTable
        project={project} lines={lines} total={count.data ?? lines.length} layout={layout} sort={view.sort} shown={shown} ticked={ticked} active={active} chosen={view.panel} baseline={baseline} conclusions={conclusions}
        group={view.group} names={table.names} stale={from.isPlaceholderData} does={tableDoes} label={`Runs of ${project}`}
      >
        {instead(project, view, does, table)}
      </RunTable>
      {ticked.size > 0 && (
        <BulkBar
          project={project} runs={[...ticked.values()]} matching={count.data ?? 0} everything={everything} filter={view.passing} bulk={bulk}
          does={{ clear, all: () => takeAll(true), show: () => does.change({ shown: toggle([...ticked.keys()], true) }), baseline: (base) => does.change({ base }) }}
        />
      )}
      <Foot project={project} table={table} said={bulk.said} error={ticked.size === 0 ? bulk.error : null} />
    </>
  );
}

/** What stands in place of rows while there are none. */
function instead(project: string, view: View, does: ReturnType<typeof useView>["does"], { from, lines }: ReturnType<typeof useLines>) {
  if (from.isPending) return <Loading />;
  if (from.error instanceof Refused && from.error.status === 404) return <NoRuns project={project} missing />;
  if (from.isError && lines.length === 0) return <div style={{ padding: 12 }}><Trouble error={from.error} again={() => void from.refetch()} /></div>;
  if (lines.length > 0) return undefined;
  const change = (changes: Record<string, string>) => does.change(changes);
  return view.filter ? <NothingMatches project={project} filter={view.filter} archived={view.archived} change={change} /> : <NoRuns project={project} archived={view.archived ? undefined : () => change({ archived: "1" })} />;
}

function Loading() {
  return <div aria-label="Loading runs" role="status">{[90, 70, 80, 60, 75].map((width) => <div key={width} className="runs-skeleton" style={{ width: `${width}%` }} />)}</div>;
}

/** Marks the row of the run that the pointer is on in a chart, without drawing the table anew. */
function useHoverMarks(): void {
  useEffect(() => onHovered(() => {
    for (const row of document.querySelectorAll(".runs-line.hovered")) row.classList.remove("hovered");
    const run = getHovered();
    if (run) document.querySelector(`.runs-line[data-run="${CSS.escape(run)}"]`)?.classList.add("hovered");
  }), []);
}
