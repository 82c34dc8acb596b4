import { useQueries } from "@tanstack/react-query";
import { useCallback } from "react";
import { body, client, type Schemas } from "../../api/client";
import { concluded, type Conclusion } from "../../lib/concluded";
import type { RunRow } from "./use-runs";

const MOST_STUDIES = 5;
const NOTHING: ReadonlyMap<string, readonly Conclusion[]> = new Map();

/** What the studies of the baseline conclude of other runs against it. */
export function useConcluded(baseline: RunRow | undefined): ReadonlyMap<string, readonly Conclusion[]> {
  const id = baseline?.id ?? "";
  const combine = useCallback((answers: { data: Schemas["StudyShown"] | undefined }[]) => {
    const studies = answers.flatMap(({ data }) => data ?? []);
    return studies.length > 0 ? concluded(studies, id) : NOTHING;
  }, [id]);
  return useQueries({
    queries: (baseline?.studies ?? []).slice(0, MOST_STUDIES).map((study) => ({
      queryKey: ["study", study],
      queryFn: ({ signal }: { signal: AbortSignal }) => body(client.GET("/api/v1/studies/{study_id}", { params: { path: { study_id: study } }, signal })),
      staleTime: 30_000,
      retry: false,
    })),
    combine,
  });
}
