import { keepPreviousData, useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { body, client } from "../../api/client";
import type { RunRow } from "./use-runs";

export interface Spread {
  mean: number | null;
  sd: number | string | null;
  min: number | null;
  max: number | null;
  n: number;
}

/** Runs that agree on what the table is grouped by: `n` of them, `runs` the first hundred. */
export interface RunGroup {
  key: Record<string, unknown>;
  n: number;
  runs: string[];
  metrics: Record<string, Spread>;
}

const PAGE = 200;

/** Groups of the runs that pass the filter, oldest first unless sorted, as far as somebody has scrolled. `metrics` are keys by commas. */
export function useGroups({ project, filter, group, sort, metrics }: { project: string; filter: string; group: string; sort: string; metrics: string }) {
  return useInfiniteQuery({
    queryKey: ["groups", project, filter, group, sort, metrics],
    queryFn: async ({ pageParam, signal }) => {
      const query = { project, filter: filter || undefined, group_by: group, sort: sort || undefined, fields: metrics || undefined, limit: PAGE, cursor: pageParam ?? undefined };
      // With group_by the items are groups, which the OpenAPI document cannot say of one address.
      return (await body(client.GET("/api/v1/runs", { params: { query }, signal }))) as unknown as { items: RunGroup[]; next_cursor: string | null };
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    enabled: group !== "",
  });
}

/** The runs of the groups that are open, by the filter that finds them. */
export function useMembers(project: string, filters: readonly string[], fields: string) {
  return useQueries({
    queries: filters.map((filter) => ({
      queryKey: ["runs", project, "members", filter, fields],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<RunRow[]> =>
        (await body(client.GET("/api/v1/runs", { params: { query: { project, filter, fields, limit: 100 } }, signal }))).items,
    })),
  });
}
