import type { Stroke } from "../../lib/colours";
import type { RunState } from "../../ui/state";

/** A run whose curves are drawn. */
export interface ShownRun {
  id: string;
  name: string;
  state: RunState;
  stroke: Stroke;
}

/** A group whose mean and band are drawn; `runs` are the ids of its first hundred members. */
export interface ShownGroup {
  id: string;
  name: string;
  n: number;
  runs: string[];
  stroke: Stroke;
}

/** The right side of the workspace: what the runs that are shown have in common and how their curves go. `groups` is null while the table is not grouped. */
export function ChartsPanel({ project, runs, groups }: { project: string; runs: ShownRun[]; groups: ShownGroup[] | null }) {
  const shown = groups ?? runs;
  return (
    <div className="stack" style={{ padding: 12 }}>
      <p className="meta">{shown.length} of {project} shown</p>
      <ul>{shown.map(({ id, name, stroke }) => <li key={id} style={{ color: stroke.colour }}>{name}</li>)}</ul>
    </div>
  );
}
