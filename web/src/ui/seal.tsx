import "./state.css";
import type { Schemas } from "../api/client";

export type SealKind = "identical" | "different" | "not_comparable" | "stale" | "never";

export const SEAL_WORDS: Record<SealKind, string> = {
  identical: "Identical on rerun",
  different: "Different on rerun",
  not_comparable: "Reruns could not be compared",
  stale: "Was identical on rerun; something has changed since",
  never: "Never rerun",
};

/** The seal of a run as it stands in a list. */
export const sealOf = ({ reproduced, stale }: Pick<Schemas["RunListed"], "reproduced" | "stale">): SealKind =>
  !reproduced ? "never" : reproduced.outcome === "identical" && stale ? "stale" : reproduced.outcome;

/** What is known of a run's reruns: filled identical, broken different, outline never, dotted stale, bar not comparable. */
export function Seal({ kind, reruns = 0, words = false }: { kind: SealKind; reruns?: number; words?: boolean }) {
  const sentence = reruns ? `${SEAL_WORDS[kind]} (${reruns} ${reruns === 1 ? "rerun" : "reruns"})` : SEAL_WORDS[kind];
  return (
    <span className={`seal ${kind}`} title={sentence}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {kind === "identical" && <circle cx="8" cy="8" r="6" fill="currentColor" />}
        {kind === "different" && <path d="M9.5 2.2A6 6 0 0 0 3 11.3L7 8 6 6zM6.5 13.8A6 6 0 0 0 13 4.7L9 8l1 2z" fill="currentColor" />}
        {kind === "never" && <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="1.2" />}
        {kind === "stale" && <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="1.5 2.1" />}
        {kind === "not_comparable" && <rect x="2" y="6.5" width="12" height="3" rx="1.5" fill="currentColor" />}
      </svg>
      <span className={words ? undefined : "hidden-text"}>{sentence}</span>
    </span>
  );
}
