// What stands above a run's column or dot: a few fields of many runs, asked for at once.
import { useQuery } from "@tanstack/react-query";
import { body, client, type Schemas } from "../api/client";

export type RunHead = Pick<Schemas["RunListed"], "id" | "name" | "project" | "state" | "reproduced" | "stale" | "change" | "origin">;

export const FIELDS = "id,name,project,state,reproduced,stale,change,origin";
const AT_ONCE = 400; // ids that fit into one filter

/** The heads of the runs that are there, by id; one that is not there (any more), or not for the caller, is left out. */
export function useRunHeads(project: string, runs: readonly string[]) {
  return useQuery({
    queryKey: ["run-heads", project, [...runs].sort()],
    queryFn: async ({ signal }) => {
      const parts = Array.from({ length: Math.ceil(runs.length / AT_ONCE) }, (_, place) => runs.slice(place * AT_ONCE, (place + 1) * AT_ONCE));
      const pages = await Promise.all(parts.map((part) => {
        const filter = `id in (${part.map(quoted).join(", ")})`;
        return body(client.GET("/api/v1/runs", { params: { query: { filter, fields: FIELDS, limit: AT_ONCE } }, signal }));
      }));
      return new Map(pages.flatMap((page) => page.items).map((head): [string, RunHead] => [head.id, head]));
    },
    enabled: runs.length > 0,
    placeholderData: (before) => before,
  });
}

/** A text as a filter takes it. */
export const quoted = (given: string): string => `'${given.replaceAll("'", "''")}'`;
