import { useMemo } from "react";
import { both, groupFilter, groupNames } from "../../lib/groups";
import { writeSort } from "../../lib/sorting";
import type { Line } from "./lines";
import { runLines } from "./lines";
import { type RunGroup, useGroups, useMembers } from "./use-groups";
import { fieldsOf, type RunRow, useCount, useRuns } from "./use-runs";
import { groupId } from "./use-shown";
import { metricsOf, type View } from "./use-view";

/** The lines of the table as the view wants them, and what is known of how many there are. */
export function useLines(project: string, view: View, open: readonly string[], ready: boolean) {
  const fields = fieldsOf(view.columns);
  const sort = writeSort(view.sort);
  const grouped = view.group !== "";
  const runs = useRuns({ project, filter: view.passing, sort, fields }, ready && !grouped);
  const groups = useGroups({ project, filter: view.passing, group: view.group, sort, metrics: metricsOf(view.columns) });
  const count = useCount(project, view.passing, ready);
  const all = useMemo(() => groups.data?.pages.flatMap((page) => page.items) ?? [], [groups.data]);
  const opened = useMemo(() => all.filter((group) => open.includes(groupId(group))), [all, open]);
  const members = useMembers(project, opened.map((group) => both(view.passing, groupFilter(group))), fields);
  const memberRuns = members.map(({ data }) => data);
  const held = useMemo(() => runs.data?.pages.flatMap((page) => page.items) ?? [], [runs.data]);
  const plain = useMemo(() => runLines(held), [held]);
  const lines = grouped ? groupLines(all, opened, memberRuns) : plain;
  const loaded = useMemo(() => new Map(held.map((run) => [run.id, run])), [held]);
  return {
    lines, loaded, groups: all, grouped, names: useMemo(() => groupNames(all), [all]), count,
    from: grouped ? groups : runs,
    firstIds: useMemo(() => (grouped ? all.slice(0, 10).map(groupId) : held.slice(0, 10).map(({ id }) => id)), [grouped, all, held]),
  };
}

function groupLines(groups: readonly RunGroup[], opened: readonly RunGroup[], members: readonly (RunRow[] | undefined)[]): Line[] {
  return groups.flatMap((group): Line[] => {
    const place = opened.indexOf(group);
    const head: Line = { kind: "group", id: groupId(group), group, open: place >= 0 };
    if (place < 0) return [head];
    const runs = members[place];
    if (!runs) return [head, { kind: "note", id: `${head.id} waits`, words: "Loading its runs…" }];
    const more = group.n - runs.length;
    const rest: Line[] = more > 0 ? [{ kind: "note", id: `${head.id} more`, words: `${more} more: ungroup and filter to see all` }] : [];
    return [head, ...runs.map((run): Line => ({ kind: "run", id: `${head.id}/${run.id}`, run, member: true })), ...rest];
  });
}
