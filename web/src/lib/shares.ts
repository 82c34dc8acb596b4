// Read-only links: to a run, to a study and its runs, to a project's badge.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, once } from "../api/client";

/** What is shared: a run or a study by its id, a project by its path. */
export type Shareable = { kind: "run"; id: string } | { kind: "study"; id: string } | { kind: "project"; entity: string; project: string };

/** The links to it that are good, and how one is made and taken back. */
export function useShares(of: Shareable) {
  const queries = useQueryClient();
  const queryKey = ["shares", of];
  const anew = () => queries.invalidateQueries({ queryKey });
  return {
    list: useQuery({ queryKey, queryFn: ({ signal }) => body(listed(of, signal)) }),
    make: useMutation({ mutationFn: (days: number | null) => body(made(of, days)), onSuccess: anew }),
    end: useMutation({ mutationFn: (share: string) => client.DELETE("/api/v1/shares/{share_id}", { params: { path: { share_id: share } } }), onSuccess: anew }),
  };
}

function listed(of: Shareable, signal: AbortSignal) {
  if (of.kind === "run") return client.GET("/api/v1/runs/{run_id}/shares", { params: { path: { run_id: of.id } }, signal });
  if (of.kind === "study") return client.GET("/api/v1/studies/{study_id}/shares", { params: { path: { study_id: of.id } }, signal });
  return client.GET("/api/v1/projects/{entity}/{name}/shares", { params: { path: { entity: of.entity, name: of.project } }, signal });
}

function made(of: Shareable, days: number | null) {
  const asked = { body: { expires_in_days: days }, headers: once() };
  if (of.kind === "run") return client.POST("/api/v1/runs/{run_id}/shares", { params: { path: { run_id: of.id } }, ...asked });
  if (of.kind === "study") return client.POST("/api/v1/studies/{study_id}/shares", { params: { path: { study_id: of.id } }, ...asked });
  return client.POST("/api/v1/projects/{entity}/{name}/shares", { params: { path: { entity: of.entity, name: of.project } }, ...asked });
}
