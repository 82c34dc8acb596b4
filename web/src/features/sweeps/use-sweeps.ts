import { useMutation, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, type Schemas } from "../../api/client";
import { useProjectEvents } from "../../lib/live-project";
import { useSoon } from "../../lib/soon";

export type Sweep = Schemas["SweepShown"];
export type Way = "stop" | "pause" | "resume" | "cancel";

/** A sweep by its id, or by the short one that the wandb SDK calls it by; asked for again while its runs begin, end and log. */
export function useSweep(entity: string, project: string, named: string) {
  const queryKey = ["sweep", entity, project, named];
  const found = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const known = await body(client.GET("/api/v1/projects/{entity}/{name}/sweeps", { params: { path: { entity, name: project }, query: { external_id: named, limit: 1 } }, signal }));
      return body(client.GET("/api/v1/sweeps/{sweep_id}", { params: { path: { sweep_id: known.items[0]?.id ?? named } }, signal }));
    },
  });
  const soon = useSoon(() => void found.refetch({ cancelRefetch: false }), 3000);
  useProjectEvents(`${entity}/${project}`, { run: ({ sweep }) => { if (sweep) soon(); }, state: soon, metrics: soon, lost: soon });
  return found;
}

/** Begins no more runs, waits, goes on, or ends those that run, too. */
export function useSweepWay(entity: string, project: string, named: string, id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (way: Way) => body(client.POST(`/api/v1/sweeps/{sweep_id}/${way}`, { params: { path: { sweep_id: id } } })),
    onSuccess: (sweep) => queries.setQueryData(["sweep", entity, project, named], sweep),
  });
}

export function useSweeps(entity: string, project: string) {
  return useInfiniteQuery({
    queryKey: ["sweeps", entity, project],
    queryFn: ({ pageParam, signal }) => body(client.GET("/api/v1/projects/{entity}/{name}/sweeps", { params: { path: { entity, name: project }, query: { limit: 50, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 15_000,
  });
}
