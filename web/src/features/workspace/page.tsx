import "./workspace.css";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { ChartsPanel } from "./charts";
import { RunsSide } from "./runs-side";
import { Split } from "./split";
import { useLines } from "./use-lines";
import { shownGroups, useShown, useShownRuns } from "./use-shown";
import { useView } from "./use-view";

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
  const groups = useMemo(() => (table.grouped ? shownGroups(shown, table.groups) : null), [table.grouped, table.groups, shown]);
  return (
    <main className="workspace">
      <h1 className="hidden-text">{project}</h1>
      <Split
        at={view.split} change={(split) => does.change({ split })}
        left={<RunsSide project={project} view={view} does={does} table={table} fields={fields} open={open} shown={shown} toggle={toggle} />}
        right={<ChartsPanel project={project} runs={runs} groups={groups} />}
      />
    </main>
  );
}
