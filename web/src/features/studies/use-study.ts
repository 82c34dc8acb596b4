import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, once, type Schemas } from "../../api/client";
import { useProjectEvents } from "../../lib/live-project";
import { useSoon } from "../../lib/soon";

export type Study = Schemas["StudyShown"];
const ENDED = new Set(["finished", "failed", "cancelled", "crashed"]);
const key = (id: string) => ["study", id];

/** A study, asked for again when one of its project's runs begins or ends: at most once in two seconds. */
export function useStudy(project: string, id: string) {
  const found = useQuery({ queryKey: key(id), queryFn: ({ signal }) => body(client.GET("/api/v1/studies/{study_id}", { params: { path: { study_id: id } }, signal })) });
  const runs = new Set(found.data?.variants.flatMap((variant) => variant.runs));
  const soon = useSoon(() => void found.refetch({ cancelRefetch: false }), 2000);
  const live = useProjectEvents(project, { state: ({ run, state }) => { if (runs.has(run) && (ENDED.has(state) || state === "running")) soon(); }, lost: soon });
  return { ...found, live };
}

/** A project's studies, newest first, page by page; asked for again while runs of the project begin and end. */
export function useStudies(project: string, archived: boolean) {
  const found = useInfiniteQuery({
    queryKey: ["studies", project, archived],
    queryFn: ({ pageParam, signal }) => body(client.GET("/api/v1/studies", { params: { query: { project, archived, limit: 50, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const soon = useSoon(() => void found.refetch({ cancelRefetch: false }), 3000);
  useProjectEvents(project, { state: soon, lost: soon });
  return found;
}

/** A way to change a study; what the service answers takes the place of what is shown. */
export function useStudyChange<Given>(id: string, change: (given: Given) => Promise<Study>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (study) => {
      queries.setQueryData(key(id), study);
      void queries.invalidateQueries({ queryKey: ["studies", study.project] });
    },
  });
}

const of = (id: string) => ({ path: { study_id: id } });
export const addSeeds = (id: string, seeds: number[]) => body(client.POST("/api/v1/studies/{study_id}/seeds", { params: of(id), headers: once(), body: { seeds } }));
export const addChanges = (id: string, changes: Schemas["NewChange"][]) =>
  body(client.POST("/api/v1/studies/{study_id}/changes", { params: of(id), headers: once(), body: { changes } }));
export const retry = (id: string) => body(client.POST("/api/v1/studies/{study_id}/retries", { params: of(id), headers: once() }));
export const cancel = (id: string) => body(client.POST("/api/v1/studies/{study_id}/cancel", { params: of(id) }));
export const edit = (id: string, patch: Partial<Schemas["StudyPatch"]>) =>
  body(client.PATCH("/api/v1/studies/{study_id}", { params: of(id), body: patch as Schemas["StudyPatch"] }));
export const remove = (id: string) => client.DELETE("/api/v1/studies/{study_id}", { params: of(id) });
