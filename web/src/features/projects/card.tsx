import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { perDay } from "../../lib/activity";
import { whole } from "../../lib/format";
import { Seal, type SealKind } from "../../ui/seal";
import { State } from "../../ui/state";
import { useNow, When } from "../../ui/when";
import { RECENT, type Recent, useRecent } from "./queries";

const DAYS = 14;

/** A project: how busy it was, what trains, what its last verdicts say. */
export function ProjectCard({ project }: { project: Schemas["ProjectShown"] }) {
  const { data, error } = useRecent(project.project);
  return (
    <li className="project-card">
      <div className="row">
        <Link to="/$entity/$project" params={{ entity: project.entity, project: project.name }} className="project-name cut" title={project.project}>
          <span className="muted">{project.entity} / </span>{project.name}
        </Link>
        <span className="space" />
        <span className="meta project-count">{data ? `${whole(data.total)} ${data.total === 1 ? "run" : "runs"}` : "…"}</span>
      </div>
      {error && <div className="meta bad">{error.message}</div>}
      {data && (data.total ? <Activity {...data} /> : <div className="meta">No runs yet, made <When at={project.created_at} /></div>)}
    </li>
  );
}

function Activity({ runs, total }: { runs: Recent[]; total: number }) {
  const newest = runs.reduce((last, run) => [last, run.created_at, run.finished_at ?? ""].sort().at(-1)!, "");
  const counted = (["running", "queued", "failed"] as const).map((state) => [state, runs.filter((run) => run.state === state).length] as const).filter(([, count]) => count);
  const judged = runs.filter((run) => run.reproduced).slice(0, 8);
  return (
    <>
      <Sparkline runs={runs} partial={total > RECENT} />
      <div className="row wrap meta">
        <span>last activity <When at={newest} /></span>
        <span className="space" />
        {counted.map(([state, count]) => <span key={state} className="row"><State state={state} words={false} />{count} {state}</span>)}
      </div>
      <div className="row meta">
        <span>Last verdicts</span>
        {judged.length ? judged.map((run) => <Seal key={run.id} kind={run.reproduced!.outcome as SealKind} reruns={run.reproduced!.reruns} />) : <span>none: nothing was run again yet</span>}
      </div>
    </>
  );
}

/** Runs per day as bars, today's at the right. */
function Sparkline({ runs, partial }: { runs: Recent[]; partial: boolean }) {
  const now = useNow(600_000);
  const counts = perDay(runs.map((run) => run.created_at), DAYS, now);
  const most = Math.max(...counts, 1);
  const words = `Runs a day over the last ${DAYS} days${partial ? `, of the newest ${RECENT} runs` : ""}: ${counts.join(", ")}`;
  return (
    <svg className="project-sparkline" viewBox={`0 0 ${DAYS * 10} 28`} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      {counts.map((count, day) => <rect key={day} x={day * 10 + 1} width="8" y={28 - Math.max(count ? 3 : 1, (count / most) * 28)} height={Math.max(count ? 3 : 1, (count / most) * 28)} className={count ? "some" : undefined} />)}
    </svg>
  );
}
