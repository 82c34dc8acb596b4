import "./submit.css";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Refused, type Schemas } from "../../api/client";
import { keepProject, lastProject, projectParts, useAddress } from "../../lib/address";
import { type Config, edits, valueAt } from "../../lib/config-edit";
import { active, type Field } from "../../lib/json-schema";
import { useSettled } from "../../lib/settled";
import { Fields, FormContext } from "../../ui/fields";
import { HelpLink } from "../../ui/help-link";
import { RunPicker } from "../../ui/run-picker";
import { Trouble } from "../../ui/trouble";
import { Consequences, pathOf } from "./consequences";
import { baselineOf, type Origin, submission, useDraft } from "./draft";
import { Paste } from "./paste";
import { useConfigFields, useDatasets, useDryRun, useRun, useSubmit } from "./queries";
import { SameAs } from "./same-as";

export function SubmitPage() {
  const [{ from }] = useAddress();
  const fields = useConfigFields();
  const run = useRun(from);
  const error = fields.error ?? run.error;
  if (error) return <main className="page stack"><h1>Submit a run</h1><Trouble error={error} again={() => void (fields.error ? fields.refetch() : run.refetch())} /></main>;
  if (!fields.data || (from && !run.data)) return <main className="page"><h1>Submit a run</h1><p className="muted">Loading the form…</p></main>;
  if (run.data && run.data.origin !== "managed") return <NotManaged name={run.data.name} />;
  return <SubmitForm key={from ?? ""} fields={fields.data} run={run.data} />;
}

function NotManaged({ name }: { name: string }) {
  return (
    <main className="page stack">
      <h1>Change one thing</h1>
      <p>{name} was trained by a process outside this service, with a config of its own: the service cannot train it. Change it in the script that logged it.</p>
    </main>
  );
}

const GROUPS: readonly { title: string; paths: readonly string[] | null }[] = [
  { title: "Data", paths: ["dataset", "augmentation"] },
  { title: "Model", paths: ["model"] },
  { title: "Loss", paths: ["loss"] },
  { title: "Optimizer", paths: ["optimizer", "grad_clip"] },
  { title: "Scheduler", paths: ["scheduler"] },
  { title: "Run", paths: ["total_iterations", "batch_size", "eval_every", "seed", "early_stopping", "best_metric", "on_non_finite"] },
  { title: "Machine and records", paths: null },
];

const named = new Set(GROUPS.flatMap(({ paths }) => paths ?? []));
const groupOf = (fields: readonly Field[], paths: readonly string[] | null): Field[] => fields.filter(({ path }) => (paths ? paths.includes(path) : !named.has(path)));

function SubmitForm({ fields, run }: { fields: Field[]; run: Schemas["RunShown"] | undefined }) {
  const origin = useMemo<Origin | null>(() => (run ? { id: run.id, project: run.project, config: run.config } : null), [run]);
  const draft = useDraft(origin, lastProject() ?? "default");
  const [allowMany, allow] = useState(false);
  const [sought, seek] = useState("");
  const [pasting, paste] = useState(false);
  const navigate = useNavigate();
  const now = submission(draft, allowMany);
  const dry = useDryRun(now);
  const submit = useSubmit((made) => {
    keepProject(made.project);
    void navigate({ to: "/$entity/$project/runs/$run", params: { ...projectParts(made.project), run: made.id } });
  });
  const datasets = useDatasets();
  const shownError = submit.error ?? dry.error;
  const refusals = useMemo(() => new Map((shownError instanceof Refused ? (shownError.problem.errors ?? []) : []).map(({ pointer, detail }) => [pathOf(pointer), detail])), [shownError]);
  const names = useMemo(() => new Map([["dataset.name", datasets.data?.items.map(({ name }) => name) ?? []]]), [datasets.data]);
  const many = (dry.data?.factors.length ?? 0) > 1;
  const form = { config: draft.config, base: draft.base, resolved: dry.data?.config, set: draft.set, refusals, names };
  const project = useSettled(draft.details.project, 400);
  return (
    <main className="page submit">
      <div className="row wrap submit-head">
        <h1 className="cut">{run ? <>Change one thing of <span title={run.name}>{run.name}</span></> : "Submit a run"}</h1>
        <span className="space" />
        <button type="button" onClick={() => paste(true)}>Paste YAML or JSON</button>
        <HelpLink guide="guide/submit">How configs work</HelpLink>
      </div>
      <form className="submit-form" onSubmit={(event) => { event.preventDefault(); submit.mutate(now); }} noValidate>
        <FormContext value={form}>
          <div className="stack">
            <input type="search" aria-label="Search the fields" placeholder="Search the fields: learning rate, norm, seed…" value={sought} onChange={(event) => seek(event.target.value)} />
            {sought.trim() ? <Sought fields={fields} sought={sought} config={draft.config} /> : (
              GROUPS.map(({ title, paths }) => <Group key={title} title={title} open={!run && paths !== null} fields={groupOf(fields, paths)} changes={draft.changes.map(({ path }) => path)} refused={[...refusals.keys()]} />)
            )}
            <details className="submit-group" open={!run}>
              <summary><h2>Where it belongs</h2></summary>
              <DetailFields details={draft.details} say={draft.say} refusals={refusals} project={project} />
            </details>
          </div>
        </FormContext>
        <div className="stack submit-side">
          <Consequences dry={dry.data} error={submit.error ?? dry.error} stale={dry.isPlaceholderData || dry.isFetching} baseline={baselineOf(draft.details)} project={project} />
          {many && <label className="submit-allow"><input type="checkbox" checked={allowMany} onChange={(event) => allow(event.target.checked)} /> Submit it with all its changes</label>}
          <div className="row submit-press"><button type="submit" className="primary" disabled={submit.isPending || (many && !allowMany) || Boolean(dry.error)}>{submit.isPending ? "Submitting…" : "Submit"}</button><span className="meta cut">{pressWords(dry.data, baselineOf(draft.details))}</span></div>
          <SameAs submission={now} origin={run ? { run: run.id, changes: edits(run.config, draft.config) } : null} />
        </div>
      </form>
      {pasting && <Paste close={() => paste(false)} take={(config, details) => { draft.replace(config); draft.say(details); }} />}
    </main>
  );
}

function pressWords(dry: Schemas["DryRun"] | undefined, baseline: string): string {
  if (!dry || !baseline) return "";
  return dry.factors.length > 1 ? `${dry.factors.length} factors changed` : (dry.factors[0] ?? (dry.change.length ? "no factor changed" : "nothing changed yet"));
}

function Group({ title, fields, open, changes, refused }: { title: string; fields: Field[]; open: boolean; changes: string[]; refused: string[] }) {
  const inside = (paths: string[]) => paths.filter((path) => fields.some((field) => path === field.path || path.startsWith(`${field.path}.`))).length;
  const only = fields.length === 1 ? fields[0] : undefined;
  const [changed, wrong] = [inside(changes), inside(refused)];
  return (
    <details className="submit-group" open={open}>
      <summary><h2>{title}</h2>{changed > 0 && <span className="chip">{changed} changed</span>}{wrong > 0 && <span className="chip bad">{wrong} not right</span>}</summary>
      {only?.shape.form === "object" && !only.nullable ? <><p className="meta">{only.help}</p><Fields fields={only.shape.fields} /></> : <Fields fields={fields} />}
    </details>
  );
}

function Sought({ fields, sought, config }: { fields: Field[]; sought: string; config: Config }) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = active(fields, (path) => valueAt(config, path)).filter(({ path, title, help, shape }) => {
    const text = `${path} ${path.replaceAll(/[._]/g, " ")} ${title} ${help}`.toLowerCase();
    return (shape.form !== "object" || words.every((word) => path.includes(word))) && words.every((word) => text.includes(word));
  });
  if (!found.length) return <p className="muted">No field is called so, or says so. Fields of other kinds (as of another optimizer) come when that kind is chosen.</p>;
  const tops = found.filter(({ path }) => !found.some((other) => path !== other.path && path.startsWith(`${other.path}.`)));
  return <div className="submit-group"><Fields fields={tops} /></div>;
}

function DetailFields({ details, say, refusals, project }: { details: ReturnType<typeof useDraft>["details"]; say: ReturnType<typeof useDraft>["say"]; refusals: ReadonlyMap<string, string>; project: string }) {
  const row = (name: "project" | "name" | "tags" | "notes", title: string, help: string, placeholder: string) => (
    <div className="field-row">
      <label htmlFor={`field-${name}`}>{title}</label>
      <div className="field-control"><input id={`field-${name}`} value={details[name]} placeholder={placeholder} autoComplete="off" aria-invalid={refusals.has(name)} onChange={(event) => say({ [name]: event.target.value })} /></div>
      <div className="field-help meta">{refusals.has(name) && <div className="bad">{refusals.get(name)}</div>}{help}</div>
    </div>
  );
  return (
    <>
      {row("project", "Project", "entity/name, or a name alone for your own entity; made when it is new", "acme/digits")}
      {row("name", "Name", "left empty: what changed, or the config in a few words", "by itself")}
      <div className="field-row">
        <label htmlFor="field-baseline">Baseline</label>
        <div className="field-control"><RunPicker id="field-baseline" project={project} value={baselineOf(details)} change={(baseline) => say({ baseline })} invalid={refusals.has("baseline")} /></div>
        <div className="field-help meta">{refusals.has("baseline") && <div className="bad">{refusals.get("baseline")}</div>}the run this one is compared with; a run may change one factor of it</div>
      </div>
      {row("tags", "Tags", "by commas", "none")}
      {row("notes", "Notes", "why this run", "none")}
    </>
  );
}
