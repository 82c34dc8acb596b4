import { useState } from "react";
import { Refused } from "../../api/client";
import { changeOf, type Draft, EMPTY, errorsByDraft } from "../../lib/change-fields";
import { nextSeeds, seedsLacking, seedsOf, seedsText, type Study } from "../../lib/forest";
import { Dialog } from "../../ui/dialog";
import { Trouble } from "../../ui/trouble";
import { ChangesEditor } from "./changes-editor";
import { addChanges, addSeeds, useStudyChange } from "./use-study";

/** Seeds for every variant; those that would be enough to conclude are filled in, else the next two. */
export function AddSeeds({ study, close }: { study: Study; close: () => void }) {
  const lacking = seedsLacking(study);
  const [text, type] = useState(seedsText(lacking.length ? lacking : nextSeeds(study.seeds, 2)));
  const add = useStudyChange(study.id, (seeds: number[]) => addSeeds(study.id, seeds));
  const seeds = seedsOf(text);
  const fresh = seeds?.filter((seed) => !study.seeds.includes(seed)) ?? [];
  return (
    <Dialog title="Add seeds" close={close}>
      <form className="stack" onSubmit={(event) => { event.preventDefault(); if (seeds) add.mutate(seeds, { onSuccess: close }); }}>
        <p className="meta">It has {seedsText(study.seeds).slice(0, 200)}. Seeds added after results were seen are marked so: whoever adds seeds until a difference shows will find one too often.</p>
        <label className="field">Seeds<input value={text} aria-invalid={!seeds || undefined} onChange={(event) => type(event.target.value)} /></label>
        <p className={seeds ? "meta" : "bad"} role="status">{seeds ? `${fresh.length} new, for each of ${study.variants.length} variants: at most ${fresh.length * study.variants.length} runs more` : "Such as 10-14 or 10, 12: at most 5,000 whole numbers."}</p>
        {add.error && <Trouble error={add.error} />}
        <div className="row"><span className="space" /><button type="submit" className="primary" disabled={!fresh.length || add.isPending}>{add.isPending ? "Adding…" : "Add them"}</button></div>
      </form>
    </Dialog>
  );
}

/** Further changes of the same baseline, trained with all of its seeds. */
export function AddChanges({ study, close }: { study: Study; close: () => void }) {
  const [drafts, setDrafts] = useState<Draft[]>([EMPTY]);
  const add = useStudyChange(study.id, () => addChanges(study.id, drafts.flatMap((draft) => changeOf(draft) ?? [])));
  const ready = drafts.some((draft) => changeOf(draft));
  const problems = add.error instanceof Refused ? (add.error.problem.errors ?? []) : [];
  const atDrafts = errorsByDraft(drafts, problems);
  return (
    <Dialog title="Add changes" close={close} wide>
      <form className="stack" onSubmit={(event) => { event.preventDefault(); add.mutate(undefined, { onSuccess: close }); }}>
        <p className="meta">Each is trained with all {study.seeds.length} seeds. More changes take more seeds to conclude upon.</p>
        <ChangesEditor drafts={drafts} set={setDrafts} errors={atDrafts} />
        {add.error && atDrafts.size === 0 && <Trouble error={add.error} />}
        <div className="row"><span className="space" /><button type="submit" className="primary" disabled={!ready || add.isPending}>{add.isPending ? "Adding…" : "Add them"}</button></div>
      </form>
    </Dialog>
  );
}
