import { useQuery } from "@tanstack/react-query";
import { body, client } from "../../api/client";

/** The runs side by side; the factors and warnings are those against the first of them. */
export function useComparison(runs: readonly string[]) {
  return useQuery({
    queryKey: ["compare", ...runs],
    queryFn: ({ signal }) => body(client.POST("/api/v1/compare", { body: { runs: [...runs] }, signal })),
    enabled: runs.length > 0,
    placeholderData: (before) => before,
  });
}
