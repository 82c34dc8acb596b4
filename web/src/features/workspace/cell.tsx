import type { ReactNode } from "react";
import { type Conclusion, inColumn } from "../../lib/concluded";
import { ago, duration, number, signed, value, whole } from "../../lib/format";
import { type RunKey, shortPath, valueAt } from "../../lib/run-keys";
import { State } from "../../ui/state";
import { Lasted } from "../../ui/when";
import type { RunRow } from "./use-runs";

/** What a run has in a column, and under it the difference to the baseline. */
export function Cell({ run, column, baseline, conclusions, now }: { run: RunRow; column: RunKey; baseline: RunRow | undefined; conclusions: readonly Conclusion[] | undefined; now: number }) {
  const shown = valueAt(run, column);
  const numeric = column.root === "metric" || typeof shown === "number" || column.text === "duration";
  return (
    <>
      <span className={numeric ? "cut number" : "cut"}>{drawn(run, column, shown, now)}</span>
      {baseline && baseline.id !== run.id && <Difference run={run} baseline={baseline} column={column} concluded={inColumn(conclusions, column)} />}
    </>
  );
}

function drawn(run: RunRow, { text, root }: RunKey, shown: unknown, now: number): ReactNode {
  if (root === "metric") return <Metric of={shown as number | string | null | undefined} />;
  if (root === "config") return <span title={value(shown)}>{value(shown)}</span>;
  switch (text) {
    case "state": return <Standing run={run} />;
    case "change": return <Changed run={run} />;
    case "tags": return run.tags.map((tag) => <span key={tag} className="chip">{tag}</span>);
    case "duration": return <Lasted from={run.started_at} to={run.state === "running" ? null : (run.finished_at ?? run.started_at)} />;
    case "created_at": case "started_at": case "finished_at": return shown ? <time dateTime={shown as string} title={new Date(shown as string).toLocaleString()}>{ago(shown as string, now)}</time> : "–";
    case "progress": return <Progress run={run} words />;
    case "reproduced": return run.reproduced ? `${run.reproduced.outcome.replaceAll("_", " ")} (${run.reproduced.reruns})` : "–";
    case "queue_position": return run.queue_position ?? "–";
    default: return <span title={typeof shown === "string" ? shown : undefined}>{value(shown) || "–"}</span>;
  }
}

function Metric({ of }: { of: number | string | null | undefined }) {
  return typeof of === "string" ? <span className="warn" title="This is no finite number">{of}</span> : <span title={of === null || of === undefined ? "not logged" : String(of)}>{number(of)}</span>;
}

/** State with what it means right now: how far a running run is, what a queued one waits for, why a failed one failed. */
function Standing({ run }: { run: RunRow }) {
  if (run.state === "running") return <span className="row"><State state="running" words={!run.progress.total} /><Progress run={run} /></span>;
  if (run.state === "queued") {
    const place = run.queue_position === null ? "" : `#${run.queue_position} `;
    const waits = run.waiting_for ? `waits for ${run.waiting_for}` : "queued";
    return <span className="row" title={`Queued${place && `, ${place}`}${run.waiting_for ? `: ${waits}` : ""}`}><State state="queued" words={false} /><span className="cut muted">{place}{waits}</span></span>;
  }
  return <State state={run.state} title={run.reason} />;
}

function Progress({ run, words = false }: { run: RunRow; words?: boolean }) {
  const { step, total } = run.progress;
  const done = step === null ? 0 : step + 1;
  if (!total) return words ? <>{step === null ? "–" : whole(done)}</> : null;
  const share = Math.min(100, Math.round((100 * done) / total));
  if (words) return <>{whole(done)} / {whole(total)}</>;
  return (
    <span className="runs-progress" role="progressbar" aria-label="Progress" aria-valuenow={share} aria-valuemin={0} aria-valuemax={100} title={`step ${whole(done)} of ${whole(total)}`}>
      <span style={{ width: `${share}%` }} /><b>{share} %</b>
    </span>
  );
}

function Changed({ run }: { run: RunRow }) {
  if (run.rerun_of) return <span className="chip" title={`The same config as ${run.rerun_of}, run again`}>↻ rerun</span>;
  const first = run.change.find(({ path }) => path.endsWith(".kind")) ?? run.change[0];
  if (!first) return <span className="muted">–</span>;
  const words = run.change.map(({ path, from, to }) => `${path}: ${value(from)} → ${value(to)}`);
  return <span className="chip" title={`Against its baseline: ${words.join("; ")}`}><span className="cut">{shortPath(first.path)}: {value(first.from)} → {value(first.to)}</span>{run.change.length > 1 && <b> +{run.change.length - 1}</b>}</span>;
}

/** Grey, unless a study concludes that it is more than noise: then green or red, with its words. */
function Difference({ run, baseline, column, concluded }: { run: RunRow; baseline: RunRow; column: RunKey; concluded: Conclusion | null }) {
  if (column.text === "duration") {
    const [ours, theirs] = [lasted(run), lasted(baseline)];
    return <span className="runs-difference number">{ours !== null && theirs !== null ? `${ours < theirs ? "−" : "+"}${duration(Math.abs(ours - theirs))}` : ""}</span>;
  }
  if (column.root === "field") return <span className="runs-difference" />;
  const [here, there] = [valueAt(run, column), valueAt(baseline, column)];
  if (typeof here === "number" && typeof there === "number") {
    if (!concluded) return <span className="runs-difference number">{signed(here - there)}</span>;
    return <span className={`runs-difference number ${concluded.better ? "good" : "bad"}`} title={concluded.words}>{signed(here - there)}<span className="hidden-text">, {concluded.words}</span></span>;
  }
  const same = JSON.stringify(here) === JSON.stringify(there);
  return <span className="runs-difference cut">{same ? "" : `≠ ${value(there)}`}</span>;
}

const lasted = (run: RunRow): number | null => (run.started_at && run.finished_at ? (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000 : null);
