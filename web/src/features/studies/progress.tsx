import type { Schemas } from "../../api/client";
import { progressWords } from "./words";

const PARTS = ["finished", "failed", "cancelled", "missing", "running"] as const;

/** A bar of what has ended and how, its words beside it or for those who do not see it. */
export function ProgressBar({ progress, words = false }: { progress: Schemas["StudyProgress"]; words?: boolean }) {
  const said = progressWords(progress);
  return (
    <span className="row">
      <span className="study-bar" role="img" aria-label={said} title={said}>
        {PARTS.map((part) => progress[part] > 0 && <span key={part} className={part} style={{ width: `${(100 * progress[part]) / progress.total}%` }} />)}
      </span>
      {words && <span className="meta">{said}</span>}
    </span>
  );
}
