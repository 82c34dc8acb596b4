import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { body, client, type Schemas } from "../../api/client";

export type NewStudyBody = Schemas["NewStudy"];

/** What a study would be, tried without storing anything once nothing was typed for a moment; null tries nothing. */
export function useDryRun(study: NewStudyBody | null) {
  const text = study && JSON.stringify(study);
  const settled = useSettled(text, 350);
  return useQuery({
    queryKey: ["study-dry-run", settled],
    queryFn: async ({ signal }) =>
      (await body(client.POST("/api/v1/studies", { params: { query: { dry_run: true } }, body: JSON.parse(settled!) as never, signal }))) as Schemas["StudyDryRun"],
    enabled: settled !== null,
    placeholderData: (before) => before,
    retry: false,
  });
}

/** A value once it has not changed for so many milliseconds. */
function useSettled<Value>(value: Value, wait: number): Value {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return settled;
}
