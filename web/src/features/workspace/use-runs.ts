import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { body, client, type Schemas } from "../../api/client";
import type { Column } from "../../lib/columns";
import { runFields } from "../../lib/run-fields";

/** A run as the table asks for it: what every row needs, and what its columns name. */
export type RunRow = Pick<
  Schemas["RunListed"],
  | "id" | "name" | "state" | "reason" | "origin" | "created_at" | "started_at" | "finished_at" | "queue_position" | "waiting_for" | "progress" | "baseline" | "change" | "rerun_of"
  | "reproduced" | "stale" | "tags" | "archived" | "studies"
> & { config?: Record<string, unknown>; metrics?: Record<string, Schemas["MetricSummary"]> };

export interface RunsPage {
  items: RunRow[];
  next_cursor: string | null;
}

export type RunsData = InfiniteData<RunsPage, string | null>;

const ALWAYS = [
  "id", "name", "state", "reason", "origin", "created_at", "started_at", "finished_at", "queue_position", "waiting_for", "progress", "baseline", "change", "rerun_of",
  "reproduced", "stale", "tags", "archived", "studies",
];
const PAGE = 100;

export interface Asked {
  project: string;
  filter: string;
  sort: string;
  fields: string;
}

/** The paths a table with these columns asks for. */
export const fieldsOf = (columns: readonly Column[]): string => [...new Set([...ALWAYS, ...columns.map(({ key }) => key).filter((key) => key !== "duration")])].join(",");

export const asked = ({ project, filter, sort, fields }: Asked) => ({ project, filter: filter || undefined, sort: sort || undefined, fields });

/** Pages of runs as far as somebody has scrolled; what was shown stays until the next answer has come. */
export function useRuns(of: Asked, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["runs", of.project, of],
    queryFn: async ({ pageParam, signal }): Promise<RunsPage> =>
      (await body(client.GET("/api/v1/runs", { params: { query: { ...asked(of), limit: PAGE, cursor: pageParam ?? undefined } }, signal }))) as RunsPage,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    structuralSharing: false,
    enabled,
  });
}

/** How many runs a filter lets through. */
export function useCount(project: string, filter: string, enabled = true) {
  return useQuery({
    queryKey: ["run-count", project, filter],
    queryFn: async ({ signal }) =>
      (await body(client.GET("/api/v1/runs", { params: { query: { project, filter: filter || undefined, fields: "id", limit: 1, total: true } }, signal }))).total ?? 0,
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** What runs of the project can be filtered, sorted and shown by. */
export const useFields = (project: string) => useQuery(runFields(project));

/** Runs by id, for what is shown but stands beyond the rows that are loaded. */
export function useRunsById(project: string, ids: readonly string[], fields: string) {
  return useQuery({
    queryKey: ["runs-by-id", project, ids, fields],
    queryFn: async ({ signal }): Promise<RunRow[]> => {
      const filter = `id in (${ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(", ")})`;
      return (await body(client.GET("/api/v1/runs", { params: { query: { project, filter, fields, limit: 1000 } }, signal }))).items;
    },
    placeholderData: keepPreviousData,
    enabled: ids.length > 0,
  });
}
