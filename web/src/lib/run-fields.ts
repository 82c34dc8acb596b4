import { body, client } from "../api/client";

/** What runs of a project can be filtered, sorted and shown by, as a query. */
export const runFields = (project: string) => ({
  queryKey: ["run-fields", project],
  queryFn: ({ signal }: { signal: AbortSignal }) => body(client.GET("/api/v1/runs/fields", { params: { query: { project } }, signal })),
  staleTime: 60_000,
});
