import { useMemo } from "react";
import { type Search, useAddress } from "../../lib/address";
import { type Column, clamped, moved, readColumns, standardColumns, widthOf, writeColumns } from "../../lib/columns";
import { both } from "../../lib/groups";
import { groupSort, groupSortKey } from "../../lib/group-sort";
import { runKey } from "../../lib/run-keys";
import { clicked, readSort, type SortKey, writeSort } from "../../lib/sorting";
import { useFields } from "./use-runs";

/** What the address says of the table: every state of it is a link. */
export interface View {
  /** As somebody wrote it. */
  filter: string;
  /** With what is left out besides: archived runs, and of groups the reruns, which are no new seeds. */
  passing: string;
  sort: SortKey[];
  group: string;
  columns: Column[];
  baseline: string;
  panel: string;
  split: string;
  archived: boolean;
}

export interface Change {
  (changes: Search | Record<string, string | undefined>, how?: { push?: boolean }): void;
}

export function useView(project: string) {
  const [address, change] = useAddress();
  const fields = useFields(project);
  const { filter = "", sort = "", group = "", cols = "", base = "", run = "", split = "", archived = "" } = address;
  const pending = fields.isPending;
  const columns = useMemo(() => (cols ? readColumns(cols) : pending ? [] : standardColumns(fields.data, group !== "")), [cols, pending, fields.data, group]);
  const view = useMemo((): View => {
    const kept = archived ? filter : both(filter, "archived = false");
    return { filter, passing: group ? both(kept, "rerun_of is null") : kept, sort: group ? groupSort(readSort(sort), group) : readSort(sort), group, columns, baseline: base, panel: run, split, archived: archived !== "" };
  }, [filter, sort, group, columns, base, run, split, archived]);
  const does = useMemo(() => {
    const set = (next: readonly Column[]) => change({ cols: writeColumns(next) });
    return {
      change,
      columns: set,
      sort: (column: string, adds: boolean) => change({ sort: writeSort(clicked(readSort(sort), group ? groupSortKey(column, group) : column, adds)) }),
      move: (key: string, onto: string) => set(moved(columns, key, onto)),
      widen: (key: string, width: number) => set(columns.map((column) => (column.key === key ? { ...column, width: clamped(width || widthOf(key)) } : column))),
    };
  }, [change, columns, sort, group]);
  return { view, does, fields, address, ready: columns.length > 0 };
}

/** The metrics among columns, as groups ask for them. */
export const metricsOf = (columns: readonly Column[]): string =>
  [...new Set(columns.flatMap(({ key }) => (runKey(key).root === "metric" ? [`metrics."${runKey(key).path[1]!.replaceAll('"', '""')}"`] : [])))].join(",");
