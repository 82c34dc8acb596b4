// What studies conclude of runs against a baseline, by the column that they conclude it of: only that makes a difference good or bad news.
import type { Schemas } from "../api/client";
import type { RunKey } from "./run-keys";

type Study = Pick<Schemas["StudyShown"], "name" | "metric" | "use" | "goal"> & { variants: readonly Pick<Schemas["StudyVariant"], "name" | "runs" | "conclusion">[] };

export interface Conclusion {
  metric: string;
  part: string;
  better: boolean;
  words: string;
}

/** By run: what the studies that have both it and the baseline conclude of its variant. Runs of which nothing is concluded are left out. */
export function concluded(studies: readonly Study[], baseline: string): ReadonlyMap<string, readonly Conclusion[]> {
  const found = new Map<string, Conclusion[]>();
  for (const { name, metric, use, goal, variants } of studies) {
    if (!variants[0]?.runs.includes(baseline)) continue;
    for (const variant of variants.slice(1)) {
      if (variant.conclusion !== "better" && variant.conclusion !== "worse") continue;
      const part = use === "best" ? (goal === "max" ? "max" : "min") : "last";
      const conclusion = { metric, part, better: variant.conclusion === "better", words: `${variant.name} is ${variant.conclusion}, as the study ${name} concludes` };
      for (const run of variant.runs) found.set(run, [...(found.get(run) ?? []), conclusion]);
    }
  }
  return found;
}

/** What is concluded in a column; nothing where two studies disagree. */
export function inColumn(conclusions: readonly Conclusion[] | undefined, column: RunKey): Conclusion | null {
  const here = conclusions?.filter(({ metric, part }) => column.root === "metric" && column.path[1] === metric && column.part === part) ?? [];
  return here.every(({ better }) => better === here[0]!.better) ? (here[0] ?? null) : null;
}
