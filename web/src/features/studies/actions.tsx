import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMay } from "../../api/me";
import { Dialog } from "../../ui/dialog";
import { Menu } from "../../ui/menu";
import { ShareDialog } from "../../ui/share-dialog";
import { Trouble } from "../../ui/trouble";
import type { Study } from "../../lib/forest";
import { AddChanges, AddSeeds } from "./grow";
import { cancel, edit, remove, retry, useStudyChange } from "./use-study";

type Open = "share" | "seeds" | "changes" | "rename" | "cancel" | "delete" | null;

/** What can be done with a study; whoever may only look takes its report along. */
export function StudyActions({ study, address }: { study: Study; address: { entity: string; project: string } }) {
  const may = useMay("member");
  return (
    <>
      {may && <Ways study={study} address={address} />}
      <Report study={study} />
    </>
  );
}

function Report({ study }: { study: Study }) {
  const report = (format: string) => `/api/v1/studies/${encodeURIComponent(study.id)}/report?format=${format}`;
  return (
    <Menu label="Report" right>
      <a href={report("html")} download={`study-${study.id}.html`}>Download as HTML</a>
      <a href={report("md")} download={`study-${study.id}.md`}>Download as Markdown</a>
      <a href={report("html")} target="_blank" rel="noreferrer">Open it</a>
    </Menu>
  );
}

/** Grow it, train anew what failed, stop it, put it away. */
function Ways({ study, address }: { study: Study; address: { entity: string; project: string } }) {
  const [open, setOpen] = useState<Open>(null);
  const again = useStudyChange(study.id, () => retry(study.id));
  const stop = useStudyChange(study.id, () => cancel(study.id));
  const change = useStudyChange(study.id, (patch: { name?: string; archived?: boolean }) => edit(study.id, patch));
  const close = () => setOpen(null);
  const { progress } = study;
  const toRetry = progress.failed + progress.cancelled + progress.missing;
  const active = progress.queued + progress.running > 0;
  const error = again.error ?? change.error;
  return (
    <>
      <button type="button" onClick={() => setOpen("seeds")} disabled={study.state === "cancelled"}>Add seeds</button>
      <button type="button" onClick={() => setOpen("changes")} disabled={study.state === "cancelled"}>Add changes</button>
      {toRetry > 0 && <button type="button" disabled={again.isPending} onClick={() => again.mutate(undefined)} title="What failed, was cancelled or was deleted is queued anew">{again.isPending ? "Queueing…" : `Retry ${toRetry}`}</button>}
      {active && <button type="button" className="danger" onClick={() => setOpen("cancel")}>Cancel</button>}
      <button type="button" onClick={() => setOpen("share")} title="A read-only link, a badge for a README">Share</button>
      <Menu label="⋯" name="More to do with this study" right>
        <button type="button" onClick={() => setOpen("rename")}>Rename</button>
        <button type="button" onClick={() => change.mutate({ archived: !study.archived })}>{study.archived ? "Bring back from the archive" : "Archive"}</button>
        <button type="button" className="danger" onClick={() => setOpen("delete")}>Delete</button>
      </Menu>
      {error && <Trouble error={error} />}
      {open === "share" && <ShareDialog of={{ kind: "study", id: study.id }} name={study.name} close={close} />}
      {open === "seeds" && <AddSeeds study={study} close={close} />}
      {open === "changes" && <AddChanges study={study} close={close} />}
      {open === "rename" && <Rename study={study} close={close} rename={change} />}
      {open === "cancel" && (
        <Dialog title="Cancel this study?" close={close}>
          <p>{progress.queued + progress.running} runs of it end; those that stand in another study, and those that were there before it, go on. What has ended stays and is concluded upon.</p>
          {stop.error && <Trouble error={stop.error} />}
          <div className="row"><span className="space" /><button type="button" onClick={close}>Let it run</button><button type="button" className="danger" disabled={stop.isPending} onClick={() => stop.mutate(undefined, { onSuccess: close })}>Cancel the study</button></div>
        </Dialog>
      )}
      {open === "delete" && <Delete study={study} close={close} address={address} active={active} />}
    </>
  );
}

function Rename({ study, close, rename }: { study: Study; close: () => void; rename: ReturnType<typeof useStudyChange<{ name?: string; archived?: boolean }>> }) {
  const [name, setName] = useState(study.name);
  return (
    <Dialog title="Rename the study" close={close}>
      <form className="stack" onSubmit={(event) => { event.preventDefault(); rename.mutate({ name: name.trim() }, { onSuccess: close }); }}>
        <label className="field">Name<input value={name} required maxLength={200} onChange={(event) => setName(event.target.value)} /></label>
        {rename.error && <Trouble error={rename.error} />}
        <div className="row"><span className="space" /><button type="submit" className="primary" disabled={rename.isPending}>Rename</button></div>
      </form>
    </Dialog>
  );
}

function Delete({ study, close, address, active }: { study: Study; close: () => void; address: { entity: string; project: string }; active: boolean }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const gone = useMutation({
    mutationFn: () => remove(study.id),
    onSuccess: async () => {
      await navigate({ to: "/$entity/$project/studies", params: address });
      queries.removeQueries({ queryKey: ["study", study.id] });
      await queries.invalidateQueries({ queryKey: ["studies", study.project] });
    },
  });
  return (
    <Dialog title="Delete this study?" close={close}>
      <p>The study goes: its name, its variants and its conclusions. Its {study.progress.total - study.progress.missing} runs stay in the project.</p>
      {active && <p className="warn">Runs of it still wait or train: cancel it first.</p>}
      {gone.error && <Trouble error={gone.error} />}
      <div className="row"><span className="space" /><button type="button" onClick={close}>Keep it</button><button type="button" className="danger" disabled={active || gone.isPending} onClick={() => gone.mutate()}>Delete the study</button></div>
    </Dialog>
  );
}
