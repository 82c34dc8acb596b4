import { Link } from "@tanstack/react-router";
import { projectParts, useAddress } from "../../lib/address";
import { number, whole } from "../../lib/format";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { Lasted, When } from "../../ui/when";
import { WhyFailed } from "./why-failed";
import { ChartGrid } from "./chart-grid";
import { Findings } from "./findings";
import { Notes } from "./notes";
import { type Run, useAlerts, useAttempts, useOtherRun } from "./use-run";

const FIRST = ["val/loss", "train/loss", "val/accuracy", "grad/norm", "loss", "accuracy", "test/loss", "test/accuracy", "lr"];
const SHOWN = 4;

/** The metrics to look at first: those with a common name, then others that are no measure of the machine. */
export function curvesThatMatter(metrics: readonly string[], most = SHOWN): string[] {
  const known = FIRST.filter((name) => metrics.includes(name));
  const other = metrics.filter((name) => !name.startsWith("system/") && !known.includes(name));
  return [...known, ...other].slice(0, most);
}

export function Overview({ run }: { run: Run }) {
  const [, change] = useAddress();
  const shown = curvesThatMatter(Object.keys(run.metrics).filter((metric) => run.metrics[metric]!.count > 1));
  const all = Object.keys(run.metrics).length;
  return (
    <div className="run-overview">
      <div className="stack run-main">
        {(run.state === "failed" || run.state === "crashed") && <WhyFailed run={run} />}
        <Findings run={run} />
        {shown.length > 0 ? <ChartGrid run={run} metrics={shown} /> : <NoCurves run={run} />}
        {all > shown.length && <p><button type="button" className="plain" onClick={() => change({ tab: "charts" }, { push: true })}>All {all} metrics, those of the machine included</button></p>}
        <Attempts run={run} />
        <Alerts run={run} />
      </div>
      <aside className="stack run-side" aria-label="Facts">
        <Facts run={run} />
        <Notes key={run.notes} run={run} />
        <Numbers run={run} />
      </aside>
    </div>
  );
}

function NoCurves({ run }: { run: Run }) {
  const words = { queued: "It has not begun: curves appear here by themselves when it does.", running: "No curve yet: the first points appear here by themselves." }[run.state as string];
  return <p className="muted">{words ?? "The run logged no metric with more than one point."}</p>;
}

function Facts({ run }: { run: Run }) {
  const of = useOtherRun(run.rerun_of);
  const params = projectParts(run.project);
  const rows: [string, React.ReactNode][] = [
    ["Took", run.started_at ? <Lasted key="took" from={run.started_at} to={run.finished_at} /> : "–"],
    ["Submitted", <When key="at" at={run.created_at} />],
    ["Node", run.node ?? "–"],
    ["Seed", run.seed ?? "–"],
    ["Id", <code key="id">{run.id}</code>],
  ];
  if (run.rerun_of) rows.push(["Rerun of", <Link key="of" to="/$entity/$project/runs/$run" params={{ ...params, run: run.rerun_of }}>{of.data?.name ?? run.rerun_of}</Link>]);
  if (run.sweep) rows.push(["Sweep", <Link key="sweep" to="/$entity/$project/sweeps/$sweep" params={{ ...params, sweep: run.sweep }}>{run.sweep}</Link>]);
  if (run.group) rows.push(["Group", run.group]);
  if (run.job_type) rows.push(["Job type", run.job_type]);
  return (
    <dl className="run-list">
      {rows.map(([name, words]) => <div key={name}><dt>{name}</dt><dd>{words}</dd></div>)}
      {run.refused_points > 0 && <div className="warn"><dt>Refused</dt><dd>{whole(run.refused_points)} values{run.refused_reason ? `: ${run.refused_reason}` : ""}</dd></div>}
    </dl>
  );
}

/** Of each metric the last value and the best one of either kind, with its step. */
function Numbers({ run }: { run: Run }) {
  const metrics = Object.entries(run.metrics).filter(([name]) => !name.startsWith("system/")).slice(0, 40);
  if (metrics.length === 0) return null;
  return (
    <ScrollX label="Numbers">
      <table className="plain run-numbers">
        <thead><tr><th scope="col">Metric</th><th scope="col" className="number">Last</th><th scope="col" className="number">Least</th><th scope="col" className="number">Most</th></tr></thead>
        <tbody>
          {metrics.map(([name, { last, min, max, min_step, max_step, non_finite }]) => (
            <tr key={name}>
              <th scope="row" title={name}>{name}{non_finite > 0 && <div className="bad meta">{whole(non_finite)} not finite</div>}</th>
              <td className="number">{number(last)}</td>
              <td className="number">{number(min)}{min_step !== null && <div className="meta">step {whole(min_step)}</div>}</td>
              <td className="number">{number(max)}{max_step !== null && <div className="meta">step {whole(max_step)}</div>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

function Attempts({ run }: { run: Run }) {
  const asked = useAttempts(run.id);
  if (asked.error && !asked.data) return <Trouble error={asked.error} again={() => void asked.refetch()} />;
  const attempts = asked.data?.items ?? [];
  if (attempts.length === 0) return null;
  return (
    <section className="stack">
      <h2>{attempts.length === 1 ? "One attempt" : `${attempts.length} attempts`}</h2>
      <ScrollX label="Attempts">
        <table className="plain run-attempts">
          <thead><tr><th scope="col">Number</th><th scope="col">Node</th><th scope="col">Began</th><th scope="col">Took</th><th scope="col">How it ended</th><th scope="col">Took up at</th></tr></thead>
          <tbody>
            {attempts.map(({ number: nth, node, started_at, ended_at, outcome, reason, resumed_from }) => (
              <tr key={nth}>
                <td>{nth}</td><td>{node}</td><td><When at={started_at} /></td><td className="nowrap"><Lasted from={started_at} to={ended_at} /></td>
                <td className={outcome === "failed" || outcome === "lost" ? "bad" : ""}>{outcome ?? "still going on"}{reason ? `: ${reason}` : ""}</td>
                <td className="nowrap">{resumed_from === null ? "the beginning" : `step ${whole(resumed_from)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}

const LEVELS = { INFO: "muted", WARN: "warn", ERROR: "bad" } as const;

function Alerts({ run }: { run: Run }) {
  const alerts = useAlerts(run).data?.items ?? [];
  if (alerts.length === 0) return null;
  return (
    <section className="stack">
      <h2>Alerts</h2>
      <ul className="run-alerts">
        {alerts.map(({ title, text, level, at }, place) => (
          <li key={place}><b className={LEVELS[level]}>{level}</b> <b>{title}</b> <span className="meta"><When at={at} /></span><div>{text}</div></li>
        ))}
      </ul>
    </section>
  );
}
