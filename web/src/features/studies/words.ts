import type { Schemas } from "../../api/client";

type Conclusion = NonNullable<Schemas["StudyVariant"]["conclusion"]>;

export const CONCLUSIONS: Record<Conclusion, { words: string; look: string }> = {
  better: { words: "Better", look: "good" },
  worse: { words: "Worse", look: "bad" },
  no_difference_found: { words: "No difference found", look: "muted" },
  not_enough_seeds: { words: "Not enough seeds", look: "warn" },
};

export const VARY: Record<string, string> = {
  seed: "initial weights, batch order and dropout",
  split: "the split of the images",
  both: "weights, order, dropout and the split",
};

/** How far a study is, in a few words: "18 of 63 ended, 2 failed, 1 running". */
export function progressWords(progress: Schemas["StudyProgress"]): string {
  const parts = [progress.ended === progress.total ? `all ${progress.total} runs ended` : `${progress.ended} of ${progress.total} runs ended`];
  for (const name of ["failed", "cancelled", "missing", "running", "queued"] as const) {
    if (progress[name]) parts.push(`${progress[name]} ${name === "missing" ? "deleted" : name}`);
  }
  return parts.join(", ");
}

/** A p as papers write it. */
export const pWords = (p: number | null): string => (p === null ? "–" : p < 0.001 ? p.toExponential(1) : p.toPrecision(2));
