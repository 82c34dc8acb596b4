import "./workspace.css";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { later } from "../../ui/later";
import { RunsSide } from "./runs-side";
import { Split } from "./split";
import { Toolbar } from "./toolbar";
import { useLines } from "./use-lines";
import { shownGroups, useShown, useShownRuns } from "./use-shown";
import { useView } from "./use-view";

const ChartsPanel = later(async () => (await import("./charts")).ChartsPanel, <p className="charts-waiting meta">Loading…</p>);
const SidePanel = later(async () => (await import("./side-panel")).SidePanel, <aside className="side" aria-label="Run"><p className="muted">Loading…</p></aside>);

/** A project's runs: the table left, the curves of those with an open eye right. */
export function WorkspacePage() {
  const { entity, project: name } = useParams({ from: "/$entity/$project" });
  return <Workspace key={`${entity}/${name}`} project={`${entity}/${name}`} />;
}

function Workspace({ project }: { project: string }) {
  const { view, does, fields, address, ready } = useView(project);
  const open = useMemo(() => (address.open ? address.open.split(",") : []), [address.open]);
  const table = useLines(project, view, open, ready);
  const { shown, toggle } = useShown(project, address.shown, table.firstIds);
  const runs = useShownRuns(project, shown, table.loaded, table.grouped);
  const groups = useMemo(() => (table.grouped ? shownGroups(shown, table.groups, table.names) : null), [table.grouped, table.groups, table.names, shown]);
  return (
    <main className="workspace">
      <h1 className="hidden-text">{project}</h1>
      <Toolbar project={project} view={view} does={does} fields={fields.data} address={address} />
      <Split
        at={view.split} change={(split) => does.change({ split })}
        left={<RunsSide project={project} view={view} does={does} table={table} open={open} shown={shown} toggle={toggle} />}
        right={<ChartsPanel project={project} runs={runs} groups={groups} waiting={table.from.isPending} />}
      />
      {view.panel && <SidePanel key={view.panel} project={project} run={view.panel} close={() => does.change({ run: "" })} baseline={(base) => does.change({ base })} />}
    </main>
  );
}
