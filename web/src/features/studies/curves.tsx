import { useMemo } from "react";
import { CurveChart } from "../../charts/curve-chart";
import { type Band, line } from "../../charts/line";
import { useSeries } from "../../charts/use-series";
import { useAddress } from "../../lib/address";
import { around, SPREADS, type Spread } from "../../lib/bands";
import { windowOf } from "../../lib/charted";
import { stroke } from "../../lib/colours";
import type { Study } from "../../lib/forest";
import { Trouble } from "../../ui/trouble";

const MOST_SEEDS = 30;
const MOST_VARIANTS = 12;

/** The metric over steps, a mean with its band for each variant. Of many variants and seeds the first are drawn, and it is said. */
export function StudyCurves({ study }: { study: Study }) {
  const [search, change] = useAddress();
  const spread: Spread = search.band && search.band in SPREADS ? (search.band as Spread) : "ci";
  const shown = useMemo(() => study.variants.slice(0, MOST_VARIANTS).map((variant, place) => ({
    name: variant.name, place, runs: variant.seeds.filter(({ run, state }) => run && state !== "queued").slice(0, MOST_SEEDS).map(({ run }) => run!),
  })), [study.variants]);
  const runs = useMemo(() => shown.flatMap((each) => each.runs), [shown]);
  const metrics = useMemo(() => [study.metric], [study.metric]);
  const window = useMemo(() => windowOf(search.steps), [search.steps]);
  const { series, error, isOld, again } = useSeries({ runs, metrics, points: 300, from: window?.min ?? null, to: window?.max ?? null });
  const bands = useMemo(() => {
    const byRun = new Map((series ?? []).map((each) => [each.run, each]));
    return shown.flatMap(({ name, place, runs: members }): Band[] => {
      const named = { name, stroke: stroke(place) };
      const lines = members.flatMap((run) => { const found = byRun.get(run); return found?.count ? [line(found, named)] : []; });
      return lines.length ? [{ run: name, ...named, ...around(lines, spread), of: lines.length }] : [];
    });
  }, [series, shown, spread]);
  const cut = study.variants.length > MOST_VARIANTS || study.seeds.length > MOST_SEEDS;
  return (
    <section className="stack" aria-label="Curves">
      <div className="row wrap">
        <h2>Curves</h2>
        {cut && <span className="meta">the first {Math.min(MOST_VARIANTS, study.variants.length)} of {study.variants.length} variants, {Math.min(MOST_SEEDS, study.seeds.length)} of {study.seeds.length} seeds each</span>}
        <span className="space" />
        {window && <button type="button" onClick={() => change({ steps: undefined })}>All steps</button>}
        <label>Band: <select value={spread} onChange={(event) => change({ band: event.target.value === "ci" ? undefined : event.target.value })}>{Object.entries(SPREADS).map(([key, words]) => <option key={key} value={key}>{words}</option>)}</select></label>
      </div>
      {error && <Trouble error={error} again={again} />}
      <ul className="study-key" aria-label="Colours">{bands.map(({ name, stroke: { colour }, of }) => <li key={name}><span className="study-swatch" style={{ background: colour }} />{name} <span className="meta">n = {of}</span></li>)}</ul>
      <CurveChart
        title={`${study.metric}, mean over seeds`} lines={NONE} bands={bands} height={260} window={window} dim={isOld}
        onZoom={(range) => change({ steps: range ? `${Math.floor(range.min)}~${Math.ceil(range.max)}` : undefined })}
        empty={runs.length === 0 ? "No run has begun yet" : series ? "No point was logged yet" : "Loading…"}
      />
    </section>
  );
}

const NONE: never[] = [];
