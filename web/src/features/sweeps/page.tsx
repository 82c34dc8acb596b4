import "./sweeps.css";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "../../api/me";
import { CurveChart } from "../../charts/curve-chart";
import type { Line } from "../../charts/line";
import { stroke } from "../../lib/colours";
import { number, whole } from "../../lib/format";
import { progress } from "../../lib/sweep-points";
import { HelpLink } from "../../ui/help-link";
import { NotThere } from "../../ui/not-there";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { ParallelPoints } from "./parallel";
import { PointsTable } from "./points";
import { type Sweep, useSweep, useSweepWay, type Way } from "./use-sweeps";

const WAYS: readonly { way: Way; words: string; from: readonly Sweep["state"][]; title: string }[] = [
  { way: "pause", words: "Pause", from: ["running"], title: "Begin no runs until it is resumed" },
  { way: "resume", words: "Resume", from: ["paused"], title: "Begin runs again" },
  { way: "stop", words: "Stop", from: ["running", "paused"], title: "Begin no more runs; those that run go on" },
  { way: "cancel", words: "Cancel", from: ["running", "paused"], title: "Begin no more runs and end those that run" },
];

/** A sweep of the wandb SDK: how far it is, its best run, what each of its runs tried and gave. */
export function SweepPage() {
  const { entity = "", project = "", sweep: named = "" } = useParams({ strict: false });
  const { data, error, refetch } = useSweep(entity, project, named);
  if (!data && error) return <NotThere what="sweep" id={named} error={error} again={() => void refetch()}><Link to="/$entity/$project/sweeps" params={{ entity, project }}>All sweeps of {entity}/{project}</Link></NotThere>;
  if (!data) return <main className="page"><p className="muted" role="status">Loading…</p></main>;
  return <Shown sweep={data} address={{ entity, project }} named={named} />;
}

function Shown({ sweep, address, named }: { sweep: Sweep; address: { entity: string; project: string }; named: string }) {
  const act = useSweepWay(address.entity, address.project, named, sweep.id);
  const may = useMay("member");
  const { runs } = sweep;
  const counts = (["running", "queued", "finished", "failed", "cancelled", "crashed"] as const).filter((state) => runs[state] > 0).map((state) => `${whole(runs[state])} ${state}`);
  return (
    <main className="page stack sweep">
      <div className="row wrap">
        <h1 className="sweep-name">{sweep.name}</h1><span className="chip">{sweep.state}</span><span className="space" />
        {WAYS.filter(({ from }) => may && from.includes(sweep.state)).map(({ way, words, title }) => (
          <button key={way} type="button" title={title} className={way === "cancel" ? "danger" : undefined} disabled={act.isPending} onClick={() => act.mutate(way)}>{words}</button>
        ))}
        <Link to="/$entity/$project/sweeps" params={address} className="button">All sweeps</Link>
      </div>
      {act.error && <Trouble error={act.error} />}
      <p className="meta">
        {sweep.method} over {sweep.parameters.join(", ") || "nothing"} · {whole(runs.total)}{sweep.expected !== null ? ` of ${whole(sweep.expected)}` : ""} runs{counts.length > 0 && `: ${counts.join(", ")}`} · {sweep.agents.filter(({ alive }) => alive).length} of {sweep.agents.length} agents answer · made <When at={sweep.created_at} />
        {sweep.early_stop && ` · stops early at ${sweep.early_stop.brackets.join(", ")} values (hyperband, 1/${sweep.early_stop.eta} go on)`}
      </p>
      {sweep.description && <p>{sweep.description}</p>}
      {sweep.best && sweep.metric && (
        <p className="sweep-best">Best: <Link to="/$entity/$project/runs/$run" params={{ ...address, run: sweep.best.run }}>{sweep.best.name}</Link> with {sweep.metric.name} {number(sweep.best.value)} <span className="meta">{sweep.metric.goal === "minimize" ? "smaller is better" : "larger is better"}</span></p>
      )}
      {sweep.metric && <Progress sweep={sweep} />}
      <ParallelPoints sweep={sweep} />
      <PointsTable sweep={sweep} address={address} />
      <p className="meta"><HelpLink guide="guide/wandb" hash="sweeps">How sweeps work</HelpLink></p>
      <details><summary>The sweep’s config</summary><pre>{sweep.config}</pre></details>
    </main>
  );
}

function Progress({ sweep }: { sweep: Sweep }) {
  const lines = useMemo((): Line[] => {
    const { x, values, best } = progress(sweep.points, sweep.metric!.goal);
    const of = (run: string, y: Float64Array, place: number): Line => ({ run, name: run, stroke: stroke(place), x, y, odd: [], count: x.length, drawn: x.length });
    return x.length ? [of("what each run gave", values, 5), of("best so far", best, 0)] : [];
  }, [sweep]);
  return (
    <section className="stack" aria-label="Progress">
      <h2>{sweep.metric!.name} by run</h2>
      <CurveChart title={`${sweep.metric!.name} by run`} lines={lines} xName="run" height={200} empty="No run has given a value yet" />
    </section>
  );
}
