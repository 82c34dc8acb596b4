import "./studies.css";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { body, client, once, Refused, type Schemas } from "../../api/client";
import { projectParts, useAddress } from "../../lib/address";
import { changeOf, type Draft, EMPTY, errorsByDraft } from "../../lib/change-fields";
import { seedsOf, seedsText } from "../../lib/forest";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";
import { RunPicker } from "../compare/run-picker";
import { ChangesEditor } from "./changes-editor";
import { Consequences } from "./consequences";
import { DataSetChoice } from "./data-set-choice";
import { type NewStudyBody, useDryRun } from "./use-dry-run";
import { VARY } from "./words";

const METRICS: readonly NewStudyBody["metric"][] = ["val/loss", "val/accuracy", "train/loss", "train/accuracy", "test/loss", "test/accuracy", "grad/norm"];
const PLAIN = '{\n  "dataset": {"name": "mnist5k"},\n  "total_iterations": 500\n}';

interface Judged {
  vary: NewStudyBody["vary"];
  metric: NewStudyBody["metric"];
  use: NewStudyBody["use"];
  goal: "" | "min" | "max";
  threshold: string;
}

/** The form of a new study: baseline, changes, seeds, what it is judged by; what it would be is told while it is typed. */
export function NewStudy({ project }: { project: string }) {
  const parts = projectParts(project);
  const [search, change] = useAddress();
  const navigate = useNavigate();
  const from = useQuery({
    queryKey: ["run", search.from],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: search.from! } }, signal })),
    enabled: Boolean(search.from),
  });
  const [name, setName] = useState("");
  const [edited, edit] = useState<string | null>(null);
  const [drafts, setDrafts] = useState<Draft[]>([EMPTY]);
  const [seedText, setSeeds] = useState("0-9");
  const [judged, judge] = useState<Judged>({ vary: "seed", metric: "val/loss", use: "last", goal: "", threshold: "" });
  const [primary, setPrimary] = useState<string[]>([]);
  const baselineText = edited ?? (search.from ? (from.data ? JSON.stringify(from.data.config, null, 2) : "") : PLAIN);
  const baseline = asConfig(baselineText);
  const seeds = seedsOf(seedText);
  const changes = drafts.flatMap((draft) => changeOf(draft) ?? []);
  const study: NewStudyBody | null = baseline && seeds && changes.length > 0
    ? {
        project, name: name.trim() || "new study", baseline, changes, seeds, vary: judged.vary, metric: judged.metric, use: judged.use,
        ...(judged.goal && { goal: judged.goal }), ...(primary.length > 0 && { primary }), ...(judged.threshold.trim() && { threshold: Number(judged.threshold) }),
      }
    : null;
  const dry = useDryRun(study);
  const make = useMutation({
    mutationFn: async (wanted: NewStudyBody) => (await body(client.POST("/api/v1/studies", { headers: once(), body: wanted as never }))) as Schemas["StudyShown"],
    onSuccess: ({ id }) => void navigate({ to: "/$entity/$project/studies/$study", params: { ...parts, study: id } }),
  });
  const refusal = make.error ?? dry.error;
  const problems = refusal instanceof Refused ? (refusal.problem.errors ?? []) : [];
  const atChanges = errorsByDraft(drafts, problems);
  const elsewhere = refusal && (problems.length === 0 || problems.some(({ pointer }) => !pointer.startsWith("/changes/")));
  return (
    <main className="page stack">
      <div className="row"><h1>New study</h1><span className="space" /><Link to="/$entity/$project/studies" params={parts} className="button">Back to the studies</Link></div>
      <form className="new-study" onSubmit={(event) => { event.preventDefault(); if (study && !make.isPending) make.mutate(study); }}>
        <div className="stack">
          <label className="field">Name<input required value={name} maxLength={200} onChange={(event) => setName(event.target.value)} /></label>
          <section className="stack" aria-label="Baseline">
            <div className="row wrap">
              <h2>Baseline</h2>{from.data && <span className="meta">the config of {from.data.name}</span>}<span className="space" />
              <DataSetChoice config={baseline} set={edit} />
              <Menu label="Take a run’s config" closes={false} right>
                {(close) => <RunPicker project={project} managed pick={(run) => { change({ from: run.id }); edit(null); close(); }} />}
              </Menu>
            </div>
            {from.error && <Trouble error={from.error} />}
            <textarea className="mono" rows={search.from ? 10 : 5} spellCheck={false} value={baselineText} aria-label="The baseline’s config as JSON" aria-invalid={!baseline || undefined} onChange={(event) => edit(event.target.value)} />
            {!baseline && baselineText && <p className="bad">This is no JSON object: a config is, for example, {'{"dataset": {"name": "mnist5k"}}'}.</p>}
          </section>
          <section className="stack" aria-label="Changes"><h2>Changes</h2><ChangesEditor drafts={drafts} set={setDrafts} errors={atChanges} /></section>
          <section className="stack" aria-label="Seeds and metric">
            <h2>Seeds and metric</h2>
            <div className="new-study-fields">
              <div>
                <label className="field">Seeds<input value={seedText} aria-invalid={!seeds || undefined} aria-describedby="new-study-seeds" onChange={(event) => setSeeds(event.target.value)} /></label>
                <span className="meta" id="new-study-seeds">{seeds ? `${seeds.length} seeds` : "Such as 0-9 or 0, 3, 7: at most 5,000 whole numbers."}</span>
              </div>
              <Choice name="They vary" value={judged.vary} options={Object.entries(VARY)} set={(vary) => judge({ ...judged, vary: vary as Judged["vary"] })} />
              <Choice name="Judged by" value={judged.metric} options={METRICS.map((each) => [each, each])} set={(metric) => judge({ ...judged, metric: metric as Judged["metric"] })} />
              <Choice name="Its value" value={judged.use} options={[["last", "the last"], ["best", "the best"]]} set={(use) => judge({ ...judged, use: use as Judged["use"] })} />
              <Choice name="Better is" value={judged.goal} options={[["", judged.metric.endsWith("accuracy") ? "larger, as usual" : "smaller, as usual"], ["min", "smaller"], ["max", "larger"]]} set={(goal) => judge({ ...judged, goal: goal as Judged["goal"] })} />
              <label className="field">Iterations until (optional)<input inputMode="decimal" value={judged.threshold} placeholder="a value of the metric" aria-invalid={Number.isNaN(Number(judged.threshold)) || undefined} onChange={(event) => judge({ ...judged, threshold: event.target.value })} /></label>
            </div>
          </section>
        </div>
        <aside className="panel stack" aria-label="What this study would be">
          <Consequences dry={dry.data} stale={dry.isFetching} waiting={!study} refused={Boolean(dry.error)} seeds={seeds ?? []} more={(count) => setSeeds(seedsText(Array.from({ length: count }, (_, seed) => seed)))} primary={primary} setPrimary={setPrimary} />
          {elsewhere && <Trouble error={refusal} />}
          <button type="submit" className="primary" disabled={!study || make.isPending || Boolean(dry.error)}>{make.isPending ? "Queueing…" : "Queue the study"}</button>
        </aside>
      </form>
    </main>
  );
}

function Choice({ name, value, options, set }: { name: string; value: string; options: readonly (readonly [string, string])[]; set: (value: string) => void }) {
  return <label className="field">{name}<select value={value} onChange={(event) => set(event.target.value)}>{options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}</select></label>;
}

function asConfig(text: string): NewStudyBody["baseline"] | null {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && !Array.isArray(read) ? (read as NewStudyBody["baseline"]) : null;
  } catch {
    return null;
  }
}
