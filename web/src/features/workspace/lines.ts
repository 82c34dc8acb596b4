// What the table shows from top to bottom: runs, groups with the runs of those that are open, and words where there is nothing to show.
import type { RunRow } from "./use-runs";
import type { RunGroup } from "./use-groups";

export type Line =
  | { kind: "run"; id: string; run: RunRow; member: boolean }
  | { kind: "group"; id: string; group: RunGroup; open: boolean }
  | { kind: "note"; id: string; words: string };

export const runLines = (runs: readonly RunRow[]): Line[] => runs.map((run) => ({ kind: "run", id: run.id, run, member: false }));
