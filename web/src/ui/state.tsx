import "./state.css";
import type { Schemas } from "../api/client";

export type RunState = Schemas["RunListed"]["state"];

const PICTURES: Record<RunState, string> = {
  queued: "M8 3v5l3 2",
  running: "M8 8h.01",
  finished: "M4 8.5l3 3 5-6",
  failed: "M5 5l6 6M11 5l-6 6",
  cancelled: "M4.5 11.5l7-7",
  crashed: "M9 2L5 9h3l-1 5 4-7H8z",
};

/** A run's state as icon, word and colour. */
export function State({ state, words = true, title }: { state: RunState; words?: boolean; title?: string | null }) {
  return (
    <span className={`state ${state}`} title={title ?? undefined}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {state !== "crashed" && <circle cx="8" cy="8" r="6.5" />}
        {state === "running" ? <circle className="dot" cx="8" cy="8" r="3" /> : <path d={PICTURES[state]} />}
      </svg>
      <span className={words ? undefined : "hidden-text"}>{state}</span>
    </span>
  );
}
