// What a run's page asks for, each kind once, and what it changes.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { body, client, once, type Schemas } from "../../api/client";
import { isActive, waiting } from "../../lib/proof";

export type Run = Schemas["RunShown"];

const path = (run: string) => ({ params: { path: { run_id: run } } });

export const runKey = (run: string) => ["run", run] as const;

/** A run; while it is active also asked for now and then, should its events not come. */
export function useRun(run: string, every = 5_000) {
  return useQuery({
    queryKey: runKey(run),
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}", { ...path(run), signal })),
    refetchInterval: ({ state }) => (state.data && isActive(state.data.state) ? every : false),
    enabled: run !== "",
  });
}

/** A run that is only looked at beside another: one that may not be seen is simply not there. */
export function useOtherRun(run: string | null | undefined) {
  return useQuery({
    queryKey: runKey(run ?? ""),
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}", { ...path(run ?? ""), signal })),
    enabled: Boolean(run),
    staleTime: 60_000,
  });
}

/** The reruns of a run with their verdicts, followed every second and a half until each is judged. */
export function useReruns(original: string, enabled = true) {
  const queries = useQueryClient();
  const asked = useQuery({
    queryKey: ["run", original, "reruns"],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/reruns", { ...path(original), signal })),
    refetchInterval: ({ state }) => (state.data && waiting(state.data.items).length > 0 ? 1_500 : false),
    enabled,
  });
  const judged = asked.data?.items.filter(({ verdict }) => verdict !== null).length;
  useEffect(() => {
    if (judged) void queries.invalidateQueries({ queryKey: runKey(original), exact: true });
  }, [judged, original, queries]);
  return asked;
}

export function useAttempts(run: string) {
  return useQuery({ queryKey: ["run", run, "attempts"], queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/attempts", { ...path(run), signal })) });
}

export function useAlerts(run: Run) {
  return useQuery({
    queryKey: ["run", run.id, "alerts"],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/alerts", { ...path(run.id), signal })),
    refetchInterval: isActive(run.state) ? 10_000 : false,
  });
}

export function useChain(run: string | null | undefined) {
  return useQuery({
    queryKey: ["run", run, "digests"],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/digests", { ...path(run ?? ""), signal })),
    enabled: Boolean(run),
    staleTime: 60_000,
  });
}

export function useArtifacts(run: string) {
  return useQuery({ queryKey: ["run", run, "artifacts"], queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/artifacts", { ...path(run), signal })) });
}

export function useDiagnostics(run: string, asked: { kind?: string[]; layer?: string[]; histograms?: boolean }) {
  return useQuery({
    queryKey: ["run", run, "diagnostics", asked],
    queryFn: ({ signal }) =>
      body(client.GET("/api/v1/runs/{run_id}/diagnostics", { params: { path: { run_id: run }, query: asked as never }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** What was logged last under each key up to a step. */
export function useMedia(run: string, asked: { to?: number; key?: string[] }) {
  return useQuery({
    queryKey: ["run", run, "media", asked],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/media", { params: { path: { run_id: run }, query: { latest: true, ...asked } as never }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** The verdict of a rerun; null while there is none. */
export function useVerdict(rerun: string, original: string | null) {
  const reruns = useReruns(original ?? "", original !== null);
  return reruns.data?.items.find(({ run }) => run === rerun)?.verdict ?? null;
}

/** Everything that is done to a run from its page; what it shows follows. */
export function useChanges(run: Run) {
  const queries = useQueryClient();
  const anew = () => queries.invalidateQueries({ queryKey: runKey(run.id) });
  const show = (changed: Run) => queries.setQueryData(runKey(run.id), changed);
  return {
    edit: useMutation({
      mutationFn: (changes: Partial<Schemas["RunPatch"]>) => body(client.PATCH("/api/v1/runs/{run_id}", { ...path(run.id), body: changes as Schemas["RunPatch"] })),
      onSuccess: (changed) => show(changed),
    }),
    rerun: useMutation({
      mutationFn: (asked: { count?: number; node?: string }) =>
        body(client.POST("/api/v1/runs/{run_id}/reruns", { params: { path: { run_id: run.id } }, body: asked as Schemas["NewReruns"], headers: once() })),
      onSuccess: () => queries.invalidateQueries({ queryKey: ["run", run.rerun_of ?? run.id, "reruns"] }),
    }),
    stop: useMutation({ mutationFn: () => body(client.POST("/api/v1/runs/{run_id}/cancel", path(run.id))), onSuccess: anew }),
    remove: useMutation({
      mutationFn: (preview: boolean) => body(client.DELETE("/api/v1/runs/{run_id}", { params: { path: { run_id: run.id }, query: { preview } } })),
    }),
  };
}
