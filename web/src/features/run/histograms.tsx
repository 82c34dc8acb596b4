import { useMemo } from "react";
import { useAddress } from "../../lib/address";
import { number, whole } from "../../lib/format";
import { Bars } from "./bars";
import { type Run, useDiagnostics } from "./use-run";

/** How the values of a layer were spread at a step, and how that moved: one picture a snapshot, chosen by a slider. */
export function Histograms({ run, kind, layer }: { run: Run; kind: string; layer: string }) {
  const [search, change] = useAddress();
  const asked = useDiagnostics(run.id, { kind: [kind], layer: [layer], histograms: true });
  const found = asked.data?.items.find((item) => item.layer === layer && item.kind === kind);
  const range = useMemo(() => {
    const low = found?.histogram?.low.filter((each) => each !== null) ?? [];
    const high = found?.histogram?.high.filter((each) => each !== null) ?? [];
    return low.length ? ([Math.min(...low), Math.max(...high)] as const) : null;
  }, [found]);
  if (!found) return asked.isPending ? <p className="muted">Loading …</p> : null;
  const { histogram, steps } = found;
  if (!histogram || !range) return <p className="muted">No histograms of {layer}: the config asked for none, or nothing was finite.</p>;
  const wanted = Number(search.at ?? NaN);
  const nearest = steps.reduce((best, step, place) => (Math.abs(step - wanted) < Math.abs(steps[best]! - wanted) ? place : best), 0);
  const place = Number.isFinite(wanted) ? nearest : steps.length - 1;
  const counts = histogram.counts[place];
  const [low, high] = [histogram.low[place], histogram.high[place]];
  return (
    <section className="stack" aria-label={`Values of ${layer}`}>
      <h2>How the values of layer {layer} ({found.module}) are spread</h2>
      <label className="run-slider">
        <input type="range" min={0} max={steps.length - 1} value={place} aria-label="Snapshot" aria-valuetext={`step ${steps[place]}`} onChange={(event) => change({ at: String(steps[event.target.valueAsNumber]) })} />
        step {whole(steps[place]!)}
      </label>
      {counts && low !== null && high !== null && low !== undefined && high !== undefined ? (
        <>
          <Bars edges={Array.from({ length: counts.length + 1 }, (_, i) => low + ((high - low) * i) / counts.length)} counts={counts} range={[range[0], range[1]]} label={`Histogram of ${layer} at step ${steps[place]}`} />
          <p className="meta">
            from {number(low)} to {number(high)}, mean {number(found.mean[place])}, sd {number(found.sd[place])}, norm {number(found.norm[place])}
            {found.zeros[place] !== null && `, ${share(found.zeros[place])} zeros`}{found.dead[place] !== null && `, ${share(found.dead[place])} dead`}. The axis is the same at all steps.
          </p>
        </>
      ) : <p className="muted">Nothing was finite at this step.</p>}
    </section>
  );
}

const share = (given: number | null | undefined): string => `${number((given ?? 0) * 100, 3)} %`;
