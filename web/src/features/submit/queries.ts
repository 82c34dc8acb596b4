// What the form asks of the service.
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { body, client, once, Refused, type Schemas } from "../../api/client";
import { fieldsOf, type JsonSchema } from "../../lib/json-schema";
import { useSettled } from "../../lib/settled";
import type { Submission } from "../../lib/submission";

/** The fields of a config, as the API's schema has them. */
export function useConfigFields() {
  return useQuery({
    queryKey: ["schemas", "run-config"],
    queryFn: async () => fieldsOf((await body(client.GET("/api/v1/schemas/run-config"))) as JsonSchema),
    staleTime: Infinity,
  });
}

export function useRun(id: string | undefined) {
  return useQuery({
    queryKey: ["run", id],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id! } }, signal })),
    enabled: Boolean(id),
  });
}

export const useDatasets = () => useQuery({ queryKey: ["datasets"], queryFn: () => body(client.GET("/api/v1/datasets", { params: { query: { limit: 1000 } } })), staleTime: 60_000 });

/** What would be stored, or why not; of what was typed a moment ago while the newest is asked for. */
export function useDryRun(submission: Submission) {
  const text = useSettled(JSON.stringify(submission), 250);
  return useQuery({
    queryKey: ["dry-run", text],
    queryFn: async ({ signal }) => {
      const { data } = await client.POST("/api/v1/runs", { params: { query: { dry_run: true } }, body: JSON.parse(text) as never, signal });
      return data as unknown as Schemas["DryRun"];
    },
    enabled: submission.project !== "",
    placeholderData: keepPreviousData,
    retry: (count, error) => error instanceof Refused && error.status === 0 && count < 4,
    staleTime: 30_000,
  });
}

/** Ended or waiting runs of the project with the very same config. */
export function useTwins(project: string, digest: string | undefined) {
  return useQuery({
    queryKey: ["twins", project, digest],
    queryFn: ({ signal }) =>
      body(client.GET("/api/v1/runs", { params: { query: { project, filter: `config_digest = '${digest}' and rerun_of is null`, fields: "id,name,state,project", limit: 3 } }, signal })),
    enabled: Boolean(digest) && project !== "",
    retry: false,
  });
}

export function useSubmit(done: (run: Schemas["RunShown"]) => void) {
  const [key] = useState(() => new Map<string, ReturnType<typeof once>>());
  return useMutation({
    mutationFn: async (submission: Submission) => {
      const text = JSON.stringify(submission);
      if (!key.has(text)) key.set(text, once()); // pressed twice, or sent again after a lost answer, it is one run
      const { data } = await client.POST("/api/v1/runs", { headers: key.get(text)!, body: submission as never });
      return data as unknown as Schemas["RunShown"];
    },
    onSuccess: (run) => {
      key.clear();
      done(run);
    },
  });
}
