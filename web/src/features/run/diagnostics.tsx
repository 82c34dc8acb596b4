import { useMemo } from "react";
import { useAddress } from "../../lib/address";
import { number } from "../../lib/format";
import { scaleOf } from "../../lib/heat";
import { Trouble } from "../../ui/trouble";
import { Findings } from "./findings";
import { HeatMap } from "./heat-map";
import { Histograms } from "./histograms";
import { type Run, useDiagnostics } from "./use-run";

const KINDS: Record<string, string> = {
  activation: "Activations", gradient: "Gradients", weight: "Weights", weight_gradient: "Weights' gradients", running_mean: "Running means", running_var: "Running variances",
};
const MEASURES = {
  norm: "L2 norm", mean: "mean", sd: "standard deviation", min: "least", max: "greatest", zeros: "share of zeros", dead: "share of dead units", saturated: "share saturated",
  non_finite: "share not finite", ratio: "update over weight",
} as const;
type Measure = keyof typeof MEASURES;
const SHARES: readonly string[] = ["zeros", "dead", "saturated", "non_finite"];

/** What each layer did over the steps, as heat-maps; of a chosen layer how its values were spread. */
export function Diagnostics({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const asked = useDiagnostics(run.id, { histograms: false });
  const items = asked.data?.items;
  const kinds = asked.data?.kinds ?? [];
  const kind = kinds.includes(search.kind ?? "") ? search.kind! : kinds[0];
  const layers = useMemo(() => (items ?? []).filter((item) => item.kind === kind), [items, kind]);
  const measures = (Object.keys(MEASURES) as Measure[]).filter((measure) => layers.some((layer) => layer[measure].some((value) => value !== null)));
  const measure = measures.find((each) => each === search.measure) ?? measures[0] ?? "norm";
  const steps = useMemo(() => [...new Set(layers.flatMap((layer) => layer.steps))].sort((a, b) => a - b), [layers]);
  const rows = useMemo(() => layers.map((layer) => ({ name: layer.layer, kind: layer.module, values: onSteps(layer.steps, layer[measure], steps) })), [layers, measure, steps]);
  const scale = useMemo(() => scaleOf(rows.flatMap(({ values }) => values), SHARES.includes(measure) ? [0, 1] : undefined), [rows, measure]);
  if (asked.error && !asked.data) return <Trouble error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <p className="muted">Loading …</p>;
  if (kinds.length === 0) return <NoDiagnostics run={run} />;
  const layer = layers.find((each) => each.layer === search.layer)?.layer ?? layers[0]?.layer;
  return (
    <div className="stack">
      <Findings run={run} layers={false} />
      <div className="row wrap">
        <span className="row wrap" role="group" aria-label="Of what">
          {kinds.map((each) => <button key={each} type="button" aria-pressed={each === kind} onClick={() => change({ kind: each, measure: undefined, layer: undefined })}>{KINDS[each] ?? each}</button>)}
        </span>
        <label>Measure
          <select value={measure} onChange={(event) => change({ measure: event.target.value })}>
            {measures.map((each) => <option key={each} value={each}>{MEASURES[each]}</option>)}
          </select>
        </label>
      </div>
      {scale ? (
        <HeatMap
          rows={rows} columns={steps} scale={scale} label={`${MEASURES[measure]} of ${KINDS[kind!] ?? kind} by step and layer`} chosen={layer} choose={(name) => change({ layer: name })}
          read={(row, column) => `${row.name} (${row.kind}), step ${steps[column]}: ${MEASURES[measure]} ${number(row.values[column])}`}
        />
      ) : <p className="muted">No snapshot has a finite value of this.</p>}
      {kind && layer !== undefined && <Histograms key={`${kind} ${layer}`} run={run} kind={kind} layer={layer} />}
    </div>
  );
}

/** A layer's values at all steps: null where it has none. */
function onSteps(own: readonly number[], values: readonly (number | null)[], steps: readonly number[]): (number | null)[] {
  const known = new Map(own.map((step, place) => [step, values[place] ?? null]));
  return steps.map((step) => known.get(step) ?? null);
}

function NoDiagnostics({ run }: { run: Run }) {
  if (run.origin === "client") return <><Findings run={run} layers={false} /><p className="muted">Layers are looked at in runs that this service trains. What the wandb SDK&apos;s watch logged stands as histograms under Media.</p></>;
  return (
    <div className="stack">
      <Findings run={run} layers={false} />
      <p className="muted">This run took no snapshots of its layers. With <code>diagnostics: {"{"}every: 50{"}"}</code> in its config it does; that changes no bit of the training.</p>
    </div>
  );
}
