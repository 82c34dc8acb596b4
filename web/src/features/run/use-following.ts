// A run followed while it goes on: its project's events say what is new of it and of its reruns, and only that is asked for.
import { useQueryClient } from "@tanstack/react-query";
import { type Schemas } from "../../api/client";
import { useProjectEvents } from "../../lib/live-project";
import { isActive } from "../../lib/proof";
import { type Run, runKey } from "./use-run";

/** Keeps what is known of a run, and of its reruns, up to date while its page is seen. */
export function useFollowing(project: string, run: Run | undefined): void {
  const queries = useQueryClient();
  const original = run && (run.rerun_of ?? run.id);
  const merge = (id: string, told: Partial<Run>) => queries.setQueryData<Run>(runKey(id), (before) => before && { ...before, ...told });
  const reruns = () => queries.invalidateQueries({ queryKey: ["run", original, "reruns"] });
  useProjectEvents(project, {
    run: (told) => {
      merge(told.id, told);
      if (told.rerun_of === original) void reruns();
    },
    state: ({ run: id, ...told }) => {
      merge(id, told);
      if (id === run?.id && !isActive(told.state)) void queries.invalidateQueries({ queryKey: runKey(id) });
      const known = queries.getQueryData<Schemas["RerunList"]>(["run", original, "reruns"]);
      if (known?.items.some((each) => each.run === id)) void reruns();
    },
    metrics: ({ run: id, ...told }) => void merge(id, told),
    lost: () => void (run && queries.invalidateQueries({ queryKey: runKey(run.id) })),
  });
}
