import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client, once, type Schemas } from "../../api/client";

/** Keys without their text, newest last; only admins may ask. */
export function useKeys(enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["keys"],
    queryFn: ({ pageParam }) => body(client.GET("/api/v1/keys", { params: { query: { limit: 100, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page?.next_cursor ?? undefined,
    enabled,
  });
}

export function useMint(done: (made: Schemas["KeyMinted"]) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (asked: Schemas["NewKey"]) => body(client.POST("/api/v1/keys", { headers: once(), body: asked })),
    onSuccess: (made) => {
      done(made);
      void queries.invalidateQueries({ queryKey: ["keys"] });
      void queries.invalidateQueries({ queryKey: ["users"] });
    },
  });
}

export function useRevoke() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.DELETE("/api/v1/keys/{key_id}", { params: { path: { key_id: id } } }),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "keys" || queryKey[0] === "users" }),
  });
}

export function useSetRole() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, role }: { id: string; role: Schemas["UserShown"]["role"] }) => body(client.PATCH("/api/v1/keys/{key_id}", { params: { path: { key_id: id } }, body: { role } as Schemas["KeyPatch"] })),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "keys" || queryKey[0] === "users" }),
  });
}

export const useUsers = () => useQuery({ queryKey: ["users"], queryFn: () => body(client.GET("/api/v1/users", { params: { query: { limit: 1000 } } })) });

const at = (project: string) => { const [entity = "", name = ""] = project.split("/"); return { path: { entity, name } }; };

export function useRetention(project: string) {
  return useQuery({
    queryKey: ["retention", project],
    queryFn: () => body(client.GET("/api/v1/projects/{entity}/{name}/retention", { params: at(project) })),
    enabled: /^[^/]+\/[^/]+$/.test(project),
    retry: false,
  });
}

/** Sets how long runs are kept; with `preview` it only says what that would take. */
export function useSetRetention(project: string, preview: boolean) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Schemas["RetentionBody"]) => body(client.PUT("/api/v1/projects/{entity}/{name}/retention", { params: { ...at(project), query: { preview } }, body: wanted })),
    onSuccess: () => { if (!preview) void queries.invalidateQueries({ queryKey: ["retention", project] }); },
  });
}

export const useProjectNames = () =>
  useQuery({ queryKey: ["project-names"], queryFn: () => body(client.GET("/api/v1/projects", { params: { query: { limit: 1000 } } })), staleTime: 60_000 });
