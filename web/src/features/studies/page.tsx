import "./studies.css";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "../../api/me";
import { useAddress } from "../../lib/address";
import { forestOf, seedsLacking, seedsText, type Study, type Unit } from "../../lib/forest";
import { number } from "../../lib/format";
import { HelpLink } from "../../ui/help-link";
import { NotThere } from "../../ui/not-there";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { StudyActions } from "./actions";
import { StudyCurves } from "./curves";
import { ForestPlot } from "./forest-plot";
import { ProgressBar } from "./progress";
import { addSeeds, useStudy, useStudyChange } from "./use-study";
import { VariantsTable } from "./variants";
import { VARY } from "./words";

/** A study: which change is better, by how much, and what that rests on. */
export function StudyPage() {
  const { entity = "", project = "", study: id = "" } = useParams({ strict: false });
  const { data, error, refetch } = useStudy(`${entity}/${project}`, id);
  if (!data && error) return <NotThere what="study" id={id} error={error} again={() => void refetch()}><Link to="/$entity/$project/studies" params={{ entity, project }}>All studies of {entity}/{project}</Link></NotThere>;
  if (!data) return <main className="page"><p className="muted" role="status">Loading…</p></main>;
  return <Shown study={data} address={{ entity, project }} trouble={error ? <Trouble error={error} again={() => void refetch()} /> : null} />;
}

function Shown({ study, address, trouble }: { study: Study; address: { entity: string; project: string }; trouble: React.ReactNode }) {
  const [search, change] = useAddress();
  const noise = study.noise.seeds;
  const unit: Unit = search.unit === "noise" && noise ? "noise" : "metric";
  const forest = useMemo(() => forestOf(study, unit), [study, unit]);
  const most = Math.max(0, ...forest.rows.map((row) => row.valued));
  const drawn = Math.max(0, ...forest.rows.map((row) => row.dots.length));
  return (
    <main className="page stack study">
      <div className="row wrap study-head">
        <h1 className="study-title">{study.name}</h1><State state={study.state} />{study.archived && <span className="chip">archived</span>}
        <span className="space" />
        <StudyActions study={study} address={address} />
      </div>
      <p className="meta study-facts">
        {study.metric}, {study.use === "best" ? "its best value" : "its last value"}, {study.goal === "min" ? "smaller is better" : "larger is better"} · {study.seeds.length} seeds ({seedsText(study.seeds).slice(0, 60)}) vary {VARY[study.vary]} · made <When at={study.created_at} />
      </p>
      {(study.state === "queued" || study.state === "running" || study.progress.ended < study.progress.total) && <ProgressBar progress={study.progress} words />}
      {trouble}
      {study.warnings.length > 0 && <ul className="study-warnings" aria-label="Before you conclude">{study.warnings.map((each) => <li key={each}>{each}</li>)}</ul>}
      <NotEnough study={study} />
      <section className="stack" aria-label="Differences to the baseline">
        <div className="row wrap">
          <h2>Difference to the baseline</h2>
          <span className="space" />
          <div className="row" role="group" aria-label="Units">
            <button type="button" aria-pressed={unit === "metric"} onClick={() => change({ unit: undefined })}>{study.metric}</button>
            <button type="button" aria-pressed={unit === "noise"} disabled={!noise} title={noise ? `One unit is ${number(noise)}: the sd of the baseline over seeds` : "Not known before two seeds of the baseline have ended"} onClick={() => change({ unit: "noise" })}>Seed noise</button>
          </div>
        </div>
        {forest.rows.length ? <ForestPlot forest={forest} unit={unit} metric={study.metric} address={address} /> : <p className="muted">This study has no change yet.</p>}
        <p className="meta">
          Diamonds are means over pairs of seeds, lines their 95 % intervals, dots single seeds, open triangles seeds that diverged.
          {drawn < most && ` Of ${most} seeds ${drawn} are drawn.`} {study.words}
        </p>
      </section>
      <StudyCurves study={study} />
      <VariantsTable study={study} address={address} />
      <details><summary>The baseline’s config</summary><pre>{JSON.stringify(study.baseline, null, 2)}</pre></details>
      {study.additions.length > 0 && <Additions study={study} />}
      <p className="meta"><HelpLink guide="guide/statistics">What these numbers mean</HelpLink></p>
    </main>
  );
}

function NotEnough({ study }: { study: Study }) {
  const lacking = seedsLacking(study);
  const may = useMay("member");
  const add = useStudyChange(study.id, (seeds: number[]) => addSeeds(study.id, seeds));
  if (lacking.length === 0 || study.state === "cancelled") return add.error ? <Trouble error={add.error} /> : null;
  const contrasts = study.primary?.length ?? study.variants.length - 1;
  return (
    <div className="row wrap study-lacking">
      <span className="warn">Not enough seeds: {study.seeds.length} of the {study.seeds_needed} that {contrasts} {contrasts === 1 ? "change needs" : "changes need"}.</span>
      {may && <button type="button" disabled={add.isPending} onClick={() => add.mutate(lacking)}>{add.isPending ? "Adding…" : `Add ${lacking.length === 1 ? `seed ${lacking[0]}` : `seeds ${seedsText(lacking)}`}`}</button>}
      {add.error && <Trouble error={add.error} />}
    </div>
  );
}

function Additions({ study }: { study: Study }) {
  return (
    <section className="stack" aria-label="Additions">
      <h2>Added later</h2>
      <ul>
        {study.additions.map(({ at, ended, seeds, changes }) => (
          <li key={at + String(seeds?.[0] ?? changes?.[0])}>{seeds ? `seeds ${seedsText(seeds)}` : changes?.join("; ")}, <When at={at} />, {ended === 0 ? "before any run had ended" : `when ${ended} ${ended === 1 ? "run" : "runs"} had ended`}</li>
        ))}
      </ul>
    </section>
  );
}
