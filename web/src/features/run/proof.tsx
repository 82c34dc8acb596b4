import { useAddress } from "../../lib/address";
import { whole } from "../../lib/format";
import { isActive, type Rerun } from "../../lib/proof";
import { State, type RunState } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { ClientProof } from "./client-proof";
import { useRights } from "./use-rights";
import { type Run, useChanges, useOtherRun, useReruns, useRun } from "./use-run";
import { VerdictView } from "./verdict-view";

/** Whether the run gives the same bits again, and if not, where they part and why. */
export function Proof({ run }: { run: Run }) {
  if (run.origin === "client") return <ClientProof run={run} />;
  return <ManagedProof run={run} original={run.rerun_of ?? run.id} />;
}

function ManagedProof({ run, original }: { run: Run; original: string }) {
  const [search, change] = useAddress();
  const asked = useReruns(original);
  if (asked.error && !asked.data) return <Trouble error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <p className="muted">Loading …</p>;
  const reruns = asked.data.items;
  const chosen = reruns.find((each) => each.run === (search.rerun ?? (run.rerun_of ? run.id : undefined))) ?? worthSeeing(reruns);
  if (!chosen) return <NeverRerun run={run} />;
  return (
    <div className="stack run-proof">
      {reruns.length > 1 && <Reruns reruns={reruns} chosen={chosen} choose={(rerun) => change({ rerun, cell: undefined, around: undefined })} />}
      {chosen.verdict ? <VerdictView key={chosen.run} original={original} rerun={chosen.run} verdict={chosen.verdict} isRerun /> : <Unjudged rerun={chosen} />}
    </div>
  );
}

/** The latest rerun that differs, else the latest that was judged, else the latest. */
function worthSeeing(reruns: readonly Rerun[]): Rerun | undefined {
  return reruns.findLast(({ verdict }) => verdict?.outcome === "different") ?? reruns.findLast(({ verdict }) => verdict !== null) ?? reruns.at(-1);
}

const ENDED: Record<string, string> = { failed: "The run failed.", cancelled: "The run was cancelled.", crashed: "The run crashed." };

function NeverRerun({ run }: { run: Run }) {
  const { rerun } = useChanges(run);
  const { mayEdit, why } = useRights();
  if (isActive(run.state)) return <p className="muted">When it has finished it can be run again: every digest and every point is then compared by bits.</p>;
  if (run.state !== "finished") return <p className="muted">{ENDED[run.state] ?? `The run is ${run.state}.`} Only a finished run can be run again, since there must be an end to compare with.</p>;
  return (
    <div className="panel stack">
      <div><strong>Never rerun.</strong> Nobody knows yet whether this run gives the same bits again.</div>
      <p>A rerun trains the same config and seed once more. Data, split, order of batches, first weights, every logged value and the state of the training are compared bit by bit; if anything differs, this page shows where first and what may be the cause.</p>
      <div><button type="button" className="primary" disabled={rerun.isPending || !mayEdit} title={why ?? undefined} onClick={() => rerun.mutate({})}>Rerun it now</button></div>
      {rerun.error && <Trouble error={rerun.error} />}
    </div>
  );
}

const OUTCOME = { identical: "identical", different: "different", not_comparable: "not comparable" };

function Reruns({ reruns, chosen, choose }: { reruns: readonly Rerun[]; chosen: Rerun; choose: (run: string) => void }) {
  return (
    <div className="row wrap" role="group" aria-label="Which rerun">
      {reruns.slice(-30).map(({ run, state, verdict }, place) => (
        <button key={run} type="button" aria-pressed={run === chosen.run} onClick={() => choose(run)}>
          Rerun {Math.max(0, reruns.length - 30) + place + 1}
          {verdict ? <span className={{ identical: "good", different: "bad", not_comparable: "muted" }[verdict.outcome]}>{OUTCOME[verdict.outcome]}</span> : <State state={state as RunState} />}
          {verdict && <span className="meta"><When at={verdict.judged_at} /></span>}
        </button>
      ))}
      {reruns.length > 30 && <span className="meta">the last 30 of {reruns.length}</span>}
    </div>
  );
}

function Unjudged({ rerun }: { rerun: Rerun }) {
  const { data } = useRun(rerun.run, 1_500);
  const other = useOtherRun(rerun.run);
  const run = data ?? other.data;
  if (!run) return <p className="muted">Loading …</p>;
  const { step, total } = run.progress;
  return (
    <div className="panel stack" role="status">
      <div className="row"><State state={run.state} /> <span>{run.state === "cancelled" ? "The rerun was cancelled: there is nothing to compare." : "The verdict appears here by itself when the rerun has ended."}</span></div>
      {run.state === "queued" && run.waiting_for && <p className="meta">It waits for {run.waiting_for}.</p>}
      {run.state === "running" && total && <div className="row"><progress max={total} value={(step ?? -1) + 1} aria-label="Steps done" /><span className="meta">step {whole((step ?? -1) + 1)} of {whole(total)}{run.node ? ` on ${run.node}` : ""}</span></div>}
    </div>
  );
}
