import { Link } from "@tanstack/react-router";
import { projectParts, useAddress } from "../../lib/address";
import { latest, sealOf, sealWords, waiting } from "../../lib/proof";
import { Seal, SEAL_WORDS, type SealKind, sealOf as listedSeal } from "../../ui/seal";
import { When } from "../../ui/when";
import { type Run, useOtherRun, useReruns, useRun, useVerdict } from "./use-run";

/** The seal and its sentence: "Reproduced 3 of 3, last 2 h ago on gpu-1". It follows reruns until each is judged. */
export function RunSeal({ run }: { run: Run }) {
  if (run.rerun_of) return <OfRerun run={run} original={run.rerun_of} />;
  if (run.origin === "client") return <OfClientRun run={run} />;
  return <OfOriginal run={run} />;
}

function OfOriginal({ run }: { run: Run }) {
  const reruns = useReruns(run.id);
  const [, change] = useAddress();
  const items = reruns.data?.items ?? [];
  const last = latest(items);
  const where = useOtherRun(last?.rerun);
  const next = waiting(items);
  const following = useOtherRunProgress(next[0]?.run);
  return (
    <span className="run-seal" role="status">
      <Seal kind={reruns.data ? sealOf(items) : known(run)} />
      <button type="button" className="run-seal-words" onClick={() => change({ tab: "proof" }, { push: true })}>
        {reruns.data ? sealWords(items) : SEAL_WORDS[known(run)]}
        {last && <>, last <When at={last.judged_at} />{where.data?.node ? ` on ${where.data.node}` : ""}</>}
        {last?.stale && <span className="warn"> · stale: {last.stale_reason}</span>}
      </button>
      {next.length > 0 && <span className="muted">· {next.length === 1 ? "a rerun" : `${next.length} reruns`} {following}</span>}
    </span>
  );
}

const known = (run: Run): SealKind => listedSeal(run);

/** "is queued", "is running, step 30 of 60". */
function useOtherRunProgress(run: string | undefined): string {
  const { data } = useRun(run ?? "", 1_500);
  if (!data || data.state === "queued") return "waiting";
  const { step, total } = data.progress;
  return data.state === "running" && step !== null ? `running, step ${step + 1}${total ? ` of ${total}` : ""}` : data.state === "running" ? "running" : "being judged";
}

function OfRerun({ run, original }: { run: Run; original: string }) {
  const verdict = useVerdict(run.id, original);
  const of = useOtherRun(original);
  const words = verdict ? { identical: "Identical to", different: "Different from", not_comparable: "Not comparable with" }[verdict.outcome] : "Rerun of";
  return (
    <span className="run-seal" role="status">
      <Seal kind={verdict ? (verdict.outcome === "identical" && verdict.stale ? "stale" : verdict.outcome) : "never"} />
      <span>{words} its original <Link to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: original }}>{of.data?.name ?? original}</Link></span>
    </span>
  );
}

function OfClientRun({ run }: { run: Run }) {
  return (
    <span className="run-seal muted">
      <Seal kind={run.reproduced?.outcome ?? "never"} />
      <span>Trained elsewhere: {run.told ? "its evidence was told by its program" : "no proof of our own"}</span>
    </span>
  );
}
