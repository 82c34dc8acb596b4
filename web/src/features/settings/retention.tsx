import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useMay } from "../../api/me";
import { lastProject, useAddress } from "../../lib/address";
import { size, whole } from "../../lib/format";
import { Trouble } from "../../ui/trouble";
import { useProjectNames, useRetention, useSetRetention } from "./queries";

/** How long a project's runs are kept, and what another setting would take, before it is set. */
export function Retention() {
  const [search, change] = useAddress();
  const projects = useProjectNames();
  const names = projects.data?.items.map(({ project }) => project) ?? [];
  const project = search.project ?? (names.includes(lastProject() ?? "") ? lastProject()! : names[0]) ?? "";
  const kept = useRetention(project);
  if (projects.data && !names.length) return <p className="muted">There is no project yet.</p>;
  return (
    <div className="stack">
      <label>Project <select value={project} onChange={(event) => change({ project: event.target.value })}>{[...new Set([...names, project])].filter(Boolean).map((name) => <option key={name}>{name}</option>)}</select></label>
      {kept.error && <Trouble error={kept.error} />}
      {kept.data && <RetentionForm key={project} project={project} kept={kept.data} />}
    </div>
  );
}

function RetentionForm({ project, kept }: { project: string; kept: Schemas["RetentionShown"] }) {
  const may = useMay("admin");
  const [archive, setArchive] = useState(kept.archive_after_days?.toString() ?? "");
  const [remove, setRemove] = useState(kept.delete_archived_after_days?.toString() ?? "");
  const [tags, setTags] = useState(kept.keep.tags.join(", "));
  const [filter, setFilter] = useState(kept.keep.filter ?? "");
  const [baselines, setBaselines] = useState(kept.keep.baselines);
  const [verdicts, setVerdicts] = useState(kept.keep.verdicts);
  const preview = useSetRetention(project, true);
  const set = useSetRetention(project, false);
  const days = (text: string) => (text.trim() ? Number(text) : null);
  const wanted: Schemas["RetentionBody"] = {
    archive_after_days: days(archive),
    delete_archived_after_days: days(remove),
    keep: { tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean), filter: filter.trim() || null, baselines, verdicts },
  };
  const would = preview.data?.would;
  return (
    <form className="stack settings-retention" onSubmit={(event) => { event.preventDefault(); preview.mutate(wanted); }} onChange={() => { preview.reset(); set.reset(); }}>
      <fieldset disabled={!may} className="stack">
        <label>Archive runs <input type="number" min={1} max={36500} value={archive} onChange={(event) => setArchive(event.target.value)} placeholder="never" /> days after they ended</label>
        <label>Delete archived runs <input type="number" min={1} max={36500} value={remove} onChange={(event) => setRemove(event.target.value)} placeholder="never" /> days after that</label>
        <label>Keep runs with the tags <input value={tags} onChange={(event) => setTags(event.target.value)} placeholder="none" /></label>
        <label>Keep runs for which <input className="mono" value={filter} onChange={(event) => setFilter(event.target.value)} placeholder={'metrics."val/loss".min < 1.5'} /></label>
        <label><input type="checkbox" checked={baselines} onChange={(event) => setBaselines(event.target.checked)} /> Keep baselines of other runs</label>
        <label><input type="checkbox" checked={verdicts} onChange={(event) => setVerdicts(event.target.checked)} /> Keep runs that were rerun, and their reruns</label>
        <div className="row wrap">
          <button type="submit" disabled={preview.isPending}>What would that take?</button>
          <button type="button" className={would?.delete.rows.runs ? "danger" : "primary"} disabled={!would || set.isPending} onClick={() => set.mutate(wanted)}>Set it</button>
          {would && <span>Now it would archive {whole(would.archive)} {would.archive === 1 ? "run" : "runs"} and delete {whole(would.delete.rows.runs ?? 0)}, {size(would.delete.size_bytes)}.</span>}
          {set.isSuccess && <span className="good" role="status">Set. It is applied every ten minutes.</span>}
        </div>
      </fieldset>
      {!may && <p className="muted">Only an admin sets this.</p>}
      {(preview.error ?? set.error) && <Trouble error={preview.error ?? set.error} />}
    </form>
  );
}
