import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useMay } from "../../api/me";
import { Trouble } from "../../ui/trouble";
import { usePolicy } from "./use-reproducibility";

type Shown = Schemas["PolicyShown"];
const RERUN: readonly { rerun: Shown["rerun"]; words: string; note: string }[] = [
  { rerun: "never", words: "Never", note: "Runs are run again only when somebody asks." },
  { rerun: "every", words: "Every run", note: "Each finished run is run again once, after all that people asked for: twice the training." },
  { rerun: "sample", words: "A sample", note: "Some of them, drawn by the run’s id, so that it is the same whoever looks." },
];

/** What is rerun by itself. */
export function Policy({ entity, project }: { entity: string; project: string }) {
  const { shown, put } = usePolicy(entity, project);
  return (
    <section className="stack" aria-label="What is rerun by itself">
      <h2>What is rerun by itself</h2>
      {shown.error && <Trouble error={shown.error} again={() => void shown.refetch()} />}
      {shown.data && <Form key={JSON.stringify(shown.data)} policy={shown.data} put={put} />}
    </section>
  );
}

function Form({ policy, put }: { policy: Shown; put: ReturnType<typeof usePolicy>["put"] }) {
  const [rerun, setRerun] = useState(policy.rerun);
  const [percent, setPercent] = useState(String(Math.round((policy.fraction ?? 0.1) * 1000) / 10));
  const [canary, setCanary] = useState(policy.canary !== null);
  const [run, setRun] = useState(policy.canary?.run ?? "");
  const [hours, setHours] = useState(String(policy.canary?.every_hours ?? 24));
  const [reverify, setReverify] = useState(policy.reverify !== null);
  const [perHour, setPerHour] = useState(String(policy.reverify?.per_hour ?? 10));
  const may = useMay("member");
  const wanted: Schemas["PolicyBody"] = {
    rerun,
    ...(rerun === "sample" && { fraction: Number(percent) / 100 }),
    canary: canary ? { every_hours: Number(hours), ...(run.trim() && { run: run.trim() }) } : null,
    reverify: reverify ? { per_hour: Number(perHour) } : null,
  };
  return (
    <form className="stack policy" onSubmit={(event) => { event.preventDefault(); put.mutate(wanted); }}>
      <fieldset className="stack" disabled={!may}>
        <legend className="hidden-text">Which finished runs are run again</legend>
        {RERUN.map((each) => (
          <label key={each.rerun} className="policy-choice">
            <input type="radio" name="rerun" checked={rerun === each.rerun} onChange={() => setRerun(each.rerun)} />
            <span>{each.words}{each.rerun === "sample" && <> of <input type="number" min="0.1" max="100" step="0.1" required={rerun === "sample"} value={percent} onChange={(event) => setPercent(event.target.value)} aria-label="Percent of runs" disabled={rerun !== "sample"} /> %</>}<span className="meta"> {each.note}</span></span>
          </label>
        ))}
      </fieldset>
      <label className="policy-choice"><input type="checkbox" disabled={!may} checked={canary} onChange={(event) => setCanary(event.target.checked)} /><span>A canary <span className="meta">a small run that every living node trains again and again, to find the node whose bits are not the others’</span></span></label>
      {canary && (
        <div className="row wrap policy-more">
          <label>every <input type="number" min="0.01" max="8760" step="any" required value={hours} onChange={(event) => setHours(event.target.value)} /> hours</label>
          <label>run <input value={run} maxLength={64} placeholder="a small recipe of our own" onChange={(event) => setRun(event.target.value)} aria-label="Id of the canary’s run" /></label>
        </div>
      )}
      <label className="policy-choice"><input type="checkbox" disabled={!may} checked={reverify} onChange={(event) => setReverify(event.target.checked)} /><span>Stale verdicts anew <span className="meta">runs are run again when no living node has what their verdict rests on: torch, driver, code</span></span></label>
      {reverify && <div className="policy-more"><label>at most <input type="number" min="1" max="1000" required value={perHour} onChange={(event) => setPerHour(event.target.value)} /> an hour</label></div>}
      {put.error && <Trouble error={put.error} />}
      <div className="row"><button type="submit" className="primary" disabled={put.isPending || !may}>{put.isPending ? "Saving…" : "Save"}</button>{!may && <span className="muted">Only a member sets this.</span>}{put.isSuccess && <span className="good" role="status">Saved.</span>}</div>
    </form>
  );
}
