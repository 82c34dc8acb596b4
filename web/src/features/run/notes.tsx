import { useState } from "react";
import { useRights } from "./use-rights";
import { type Run, useChanges } from "./use-run";

/** What people wrote about the run, to be read and written in the same place. */
export function Notes({ run }: { run: Run }) {
  const { edit } = useChanges(run);
  const { mayEdit } = useRights();
  const [text, setText] = useState<string | null>(null);
  if (text === null) {
    return (
      <section>
        <div className="row"><h3>Notes</h3>{mayEdit && <button type="button" className="plain" onClick={() => setText(run.notes)}>{run.notes ? "Edit" : "Write some"}</button>}</div>
        {run.notes && <p className="run-notes">{run.notes}</p>}
      </section>
    );
  }
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); edit.mutate({ notes: text }, { onSuccess: () => setText(null) }); }}>
      <label htmlFor="run-notes"><h3>Notes</h3></label>
      <textarea id="run-notes" rows={5} value={text} ref={(area) => { if (area && document.activeElement === document.body) area.focus(); }} onChange={(event) => setText(event.target.value)} />
      <div className="row"><button type="submit" className="primary" disabled={edit.isPending}>Keep</button><button type="button" onClick={() => setText(null)}>Leave as it was</button></div>
      {edit.error && <p className="bad" role="alert">{edit.error.message}</p>}
    </form>
  );
}
