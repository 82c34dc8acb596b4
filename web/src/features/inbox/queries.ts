import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { body, client } from "../../api/client";
import { useHasKey } from "../../api/me";

/** The inbox, newest first, 50 at a time. */
export function useInbox() {
  return useInfiniteQuery({
    queryKey: ["inbox", "pages"],
    queryFn: ({ pageParam }) => body(client.GET("/api/v1/inbox", { params: { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page?.next_cursor ?? undefined,
  });
}

/** The newest few and how many are unread, asked again every 15 s: a stream would hold one of the browser's few connections in every tab. */
export function useNews(background: boolean) {
  const enabled = useHasKey();
  return useQuery({
    queryKey: ["inbox", "news"],
    queryFn: () => body(client.GET("/api/v1/inbox", { params: { query: { limit: 10 } } })),
    refetchInterval: 15_000,
    refetchIntervalInBackground: background,
    retry: false,
    enabled,
  });
}

export function useMarkRead() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (upTo: string) => client.POST("/api/v1/inbox/read", { body: { up_to: upTo } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["inbox"] }),
  });
}
