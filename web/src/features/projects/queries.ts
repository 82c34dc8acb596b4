import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, once, type Schemas } from "../../api/client";

export const RECENT = 200;

/** Projects by entity and name, a page of 24 at a time. */
export function useProjects() {
  return useInfiniteQuery({
    queryKey: ["projects"],
    queryFn: ({ pageParam }) => body(client.GET("/api/v1/projects", { params: { query: { limit: 24, total: true, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page?.next_cursor ?? undefined,
    refetchInterval: 60_000,
  });
}

export type Recent = Pick<Schemas["RunListed"], "id" | "name" | "state" | "created_at" | "finished_at" | "reproduced">;

/** The newest runs of a project, a few fields of each, and how many there are in all. */
export function useRecent(project: string) {
  return useQuery({
    queryKey: ["recent", project],
    queryFn: async ({ signal }) => {
      const query = { project, fields: "id,name,state,created_at,finished_at,reproduced", limit: RECENT, total: true };
      const page = await body(client.GET("/api/v1/runs", { params: { query }, signal }));
      return { runs: page.items as unknown as Recent[], total: (page as unknown as { total: number }).total };
    },
    staleTime: 20_000,
    refetchInterval: 60_000,
  });
}

export function useNewProject(done: (project: Schemas["ProjectShown"]) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (project: string) => body(client.POST("/api/v1/projects", { headers: once(), body: { project } })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["projects"] });
      done(made);
    },
  });
}
