import { Refused } from "../../api/client";
import { whole } from "../../lib/format";
import { Trouble } from "../../ui/trouble";
import type { useLines } from "./use-lines";
import { useCount } from "./use-runs";
import { useLiveRuns } from "./use-live-runs";

/** "18 of 102,344 runs": how many match of how many there are, whether the table is live, how the last thing done went. */
export function Foot({ project, table: { count, grouped, groups, from }, said, error }: { project: string; table: ReturnType<typeof useLines>; said: string; error: unknown }) {
  const all = useCount(project, "");
  const live = useLiveRuns(project);
  const matching = count.data;
  const isMissing = all.error instanceof Refused && all.error.status === 404;
  const words = isMissing ? "No runs" : matching === undefined || all.data === undefined ? "…" : matching === all.data ? `${whole(matching)} ${matching === 1 ? "run" : "runs"}` : `${whole(matching)} of ${whole(all.data)} runs`;
  return (
    <div className="runs-foot">
      <span aria-live="polite">{words}{grouped && ` in ${whole(groups.length)}${from.hasNextPage ? " or more" : ""} groups; reruns are left out`}</span>
      {live.news && <button type="button" className="plain" onClick={live.show}>New runs: show them</button>}
      {from.isFetchingNextPage && <span>Loading more…</span>}
      {said && <span role="status" className="good">{said}</span>}
      <span className="space" />
      <span title={LIVE[live.state]}>{live.state === "live" ? "live ●" : live.state === "paused" ? "paused" : live.state === "connecting" ? "connecting…" : "not live"}</span>
      {error !== null && <Trouble error={error} />}
    </div>
  );
}

const LIVE: Record<string, string> = {
  live: "What happens in the project shows by itself",
  paused: "This tab was hidden for long; it goes on when it is seen again",
  connecting: "Connecting to the project's events",
  off: "The project's events cannot be followed",
};
