import { useMemo, useState } from "react";
import type { Schemas } from "../../api/client";
import { number, whole } from "../../lib/format";
import { formula } from "../../lib/layer-formula";
import { flat, layout, reach } from "../../lib/tensor";
import { HeatMap, Scale } from "./heat-map";
import { Histogram } from "./histogram";

/** What a layer did: heat-maps, histograms, statistics, the formula with numbers. */
export function Outcome({ probe }: { probe: Schemas["ProbeShown"] }) {
  const [log, setLog] = useState(true);
  const seen = useMemo(() => {
    const [before, after] = [flat(probe.before?.values), flat(probe.after?.values)];
    return { before, after, reach: reach([before, after]), layout: layout(probe.shape, typeof probe.input === "object") };
  }, [probe]);
  if (probe.state === "failed") return <p className="bad" role="alert">This could not be tried: {probe.reason}</p>;
  if (!probe.before || !probe.after) return null;
  const words = formula({ layer: probe.layer as { kind: string }, mode: probe.mode, shape: probe.shape, before: seen.before, after: seen.after });
  return (
    <div className="stack lab-outcome">
      <section aria-label="Formula" className="lab-formula">
        <div className="lab-rule">{words.rule}</div>
        <div className="mono">{words.here}</div>
        {words.notes.map((note) => <div key={note} className="meta">{note}</div>)}
      </section>
      <div className="lab-maps">
        <HeatMap name="Before" values={seen.before} shape={probe.shape} layout={seen.layout} reach={seen.reach} />
        <HeatMap name="After" values={seen.after} shape={probe.shape} layout={seen.layout} reach={seen.reach} />
      </div>
      <Scale reach={seen.reach} />
      <div className="row"><h2>Both on one axis</h2><span className="space" /><label><input type="checkbox" checked={log} onChange={(event) => setLog(event.target.checked)} /> log heights</label></div>
      <Histogram before={seen.before} after={seen.after} log={log} />
      <Figures before={probe.before} after={probe.after} values={seen.before.length} />
      <Buffers buffers={probe.buffers} />
      <p className="meta">PyTorch {probe.torch}, seed {probe.seed}: the same question has the same bits for a day, at probe <code>{probe.id}</code>.</p>
    </div>
  );
}

const ROWS = [["mean", "Mean"], ["sd", "Standard deviation"], ["min", "Least"], ["max", "Maximum"], ["norm", "Norm (L2)"]] as const;

function Figures({ before, after, values }: { before: Schemas["TensorShown"]; after: Schemas["TensorShown"]; values: number }) {
  const share = (part: number) => `${number(100 * part, 3)} %`;
  return (
    <table className="plain lab-figures">
      <thead><tr><th scope="col">Of {whole(values)} values</th><th scope="col" className="number">Before</th><th scope="col" className="number">After</th></tr></thead>
      <tbody>
        {ROWS.map(([key, words]) => <tr key={key}><td>{words}</td><td className="number">{number(before[key])}</td><td className="number">{number(after[key])}</td></tr>)}
        <tr><td>Share of zeros</td><td className="number">{share(before.zeros)}</td><td className="number">{share(after.zeros)}</td></tr>
        {(before.non_finite > 0 || after.non_finite > 0) && <tr><td>NaN or infinite</td><td className="number bad">{share(before.non_finite)}</td><td className="number bad">{share(after.non_finite)}</td></tr>}
      </tbody>
    </table>
  );
}

function Buffers({ buffers }: { buffers: Schemas["ProbeShown"]["buffers"] }) {
  const found = Object.entries(buffers ?? {});
  if (!found.length) return null;
  const brief = (value: unknown) => { const all = flat(value); return `${[...all.slice(0, 6)].map((one) => number(one, 4)).join(", ")}${all.length > 6 ? `, … (${all.length})` : ""}`; };
  return (
    <section aria-label="What the layer keeps">
      <h2>What the layer keeps afterwards</h2>
      <table className="plain"><tbody>{found.map(([name, value]) => <tr key={name}><td><code>{name}</code></td><td>{brief(value)}</td></tr>)}</tbody></table>
    </section>
  );
}
