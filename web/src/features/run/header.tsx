import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { projectParts } from "../../lib/address";
import { stroke } from "../../lib/colours";
import { value, whole } from "../../lib/format";
import { isActive } from "../../lib/proof";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { RunActions } from "./actions";
import { RunSeal } from "./seal-line";
import { Tags } from "./tags";
import { useRights } from "./use-rights";
import { type Run, useChanges, useOtherRun } from "./use-run";

/** Who the run is, how it stands, whether it reproduces, what it changes, and what can be done with it. */
export function RunHeader({ run }: { run: Run }) {
  const changes = useChanges(run);
  const { mayEdit, why } = useRights();
  return (
    <header className="run-header">
      <div className="run-head">
        <span className="run-colour" style={{ background: stroke(0).colour }} aria-hidden="true" />
        <Name key={run.name} run={run} rename={mayEdit ? (name) => changes.edit.mutate({ name }) : null} />
        <State state={run.state} title={run.reason} />
        <span className="space" />
        {mayEdit ? <RunActions run={run} changes={changes} /> : <span className="meta">{why}</span>}
      </div>
      <div className="run-head run-facts">
        <RunSeal run={run} />
        <ChangeChip run={run} />
        {run.archived && <span className="chip">archived</span>}
        {run.studies.map((study) => (
          <Link key={study} className="chip" to="/$entity/$project/studies/$study" params={{ ...projectParts(run.project), study }}>in a study</Link>
        ))}
        <Tags key={run.tags.join("\n")} tags={run.tags} change={mayEdit ? (tags) => changes.edit.mutate({ tags }) : null} />
      </div>
      {isActive(run.state) && <HowFar run={run} />}
      {changes.edit.error && <Trouble error={changes.edit.error} />}
    </header>
  );
}

function Name({ run, rename }: { run: Run; rename: ((name: string) => void) | null }) {
  const [text, setText] = useState<string | null>(null);
  const keep = () => {
    if (text !== null && text.trim() && text !== run.name) rename?.(text.trim());
    setText(null);
  };
  if (text === null) {
    return (
      <h1 className="run-name">
        <span className="run-name-text" title={run.name}>{run.name}</span>
        {rename && <button type="button" className="plain" aria-label="Rename the run" title="Rename" onClick={() => setText(run.name)}>✎</button>}
      </h1>
    );
  }
  return (
    <form className="run-name" onSubmit={(event) => { event.preventDefault(); keep(); }}>
      <input
        aria-label="Name of the run" value={text} maxLength={512} ref={(input) => input?.focus()} onChange={(event) => setText(event.target.value)}
        onBlur={keep} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); setText(null); } }}
      />
    </form>
  );
}

/** "norm: none → batch vs baseline", with more behind it. */
function ChangeChip({ run }: { run: Run }) {
  const baseline = useOtherRun(run.baseline);
  if (!run.baseline) return null;
  const [first, ...more] = run.change;
  const words = first ? `${first.path}: ${value(first.from)} → ${value(first.to)}` : "nothing changed";
  const title = run.change.map(({ path, from, to }) => `${path}: ${value(from)} → ${value(to)}`).join("\n");
  return (
    <span className="chip run-change" title={title}>
      <span className="cut">{words}</span>{more.length > 0 && <span>+{more.length}</span>}
      <span className="muted">vs</span>
      <Link className="cut" to="/$entity/$project/runs/$run" params={{ ...projectParts(run.project), run: run.baseline }}>{baseline.data?.name ?? "baseline"}</Link>
    </span>
  );
}

function HowFar({ run }: { run: Run }) {
  const { step, total } = run.progress;
  if (run.state === "queued") {
    return <p className="meta" role="status">{run.queue_position === null ? "Queued" : `Number ${run.queue_position} in the queue`}{run.waiting_for ? `: waits for ${run.waiting_for}` : ""}</p>;
  }
  const done = step === null ? 0 : step + 1;
  return (
    <div className="row run-progress">
      {total ? <progress max={total} value={done} aria-label="Steps done" /> : null}
      <span className="meta">{total ? `step ${whole(done)} of ${whole(total)}` : step === null ? "no step yet" : `step ${whole(step)}`}</span>
    </div>
  );
}
