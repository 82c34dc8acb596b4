import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { body, client } from "../api/client";
import { useHasKey } from "../api/me";

/** "2 queued · 1 running", asked again every ten seconds while the tab is seen. */
export function QueueWords() {
  const enabled = useHasKey();
  const { data } = useQuery({ queryKey: ["queue"], queryFn: () => body(client.GET("/api/v1/queue")), refetchInterval: 10_000, retry: false, enabled });
  if (!data || (!data.queued && !data.running)) return null;
  return <Link to="/nodes" className="bar-link meta wide-only">{data.queued} queued · {data.running} running</Link>;
}
