import { useMemo, useState } from "react";
import { places, stroke } from "../../lib/colours";
import { readShown, SHOWN_AT_FIRST, toggled, writeShown } from "../../lib/shown";
import type { ShownGroup, ShownRun } from "./charts";
import type { RunGroup } from "./use-groups";
import { type RunRow, useRunsById } from "./use-runs";

const NEEDED = "id,name,state";

/** Which runs or groups have an eye open: those the address names, else the first of the table; their colours stay while they are shown. */
export function useShown(project: string, address: string | undefined, ids: readonly string[]) {
  const named = useMemo(() => readShown(address), [address]);
  const first = ids.slice(0, SHOWN_AT_FIRST).join(",");
  const [kept, keep] = useState<Map<string, number>>(new Map());
  const [keptFor, keepFor] = useState("");
  if (keptFor !== `${project} ${first}`) {
    keepFor(`${project} ${first}`);
    keep(places(first ? first.split(",") : [], kept));
  }
  const shown = named ?? kept;
  return useMemo(() => ({ shown, toggle: (which: readonly string[], open: boolean): string => writeShown(toggled(shown, which, open)) }), [shown]);
}

/** What is drawn of the runs that are shown; those beyond the rows that are loaded are asked for by their ids. */
export function useShownRuns(project: string, shown: ReadonlyMap<string, number>, loaded: ReadonlyMap<string, RunRow>, grouped: boolean): ShownRun[] {
  const missing = useMemo(() => (grouped ? [] : [...shown.keys()].filter((id) => !loaded.has(id))), [shown, loaded, grouped]);
  const others = useRunsById(project, missing, NEEDED);
  return useMemo(() => {
    if (grouped) return [];
    const known = new Map(others.data?.map((run) => [run.id, run]));
    return [...shown].flatMap(([id, place]) => {
      const run = loaded.get(id) ?? known.get(id);
      return run ? [{ id, name: run.name, state: run.state, stroke: stroke(place) }] : [];
    });
  }, [shown, loaded, others.data, grouped]);
}

/** A group by itself: the id of its oldest run stays while the group does. */
export const groupId = (group: RunGroup): string => group.runs[0] ?? "";

export function shownGroups(shown: ReadonlyMap<string, number>, groups: readonly RunGroup[], names: ReadonlyMap<object, string>): ShownGroup[] {
  const known = new Map(groups.map((group) => [groupId(group), group]));
  return [...shown].flatMap(([id, place]) => {
    const group = known.get(id);
    return group ? [{ id, name: names.get(group) ?? "", n: group.n, runs: group.runs, stroke: stroke(place) }] : [];
  });
}
