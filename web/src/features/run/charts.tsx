import { useAddress } from "../../lib/address";
import { ChartGrid } from "./chart-grid";
import { type Run } from "./use-run";

/** Metrics by what stands before their last slash, those of the machine last. */
export function sections(metrics: readonly string[]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const metric of metrics) {
    const prefix = metric.includes("/") ? metric.slice(0, metric.indexOf("/")) : "";
    found.set(prefix, [...(found.get(prefix) ?? []), metric]);
  }
  const weight = (prefix: string) => (prefix === "system" ? 2 : prefix === "" ? 1 : 0);
  return [...found].sort(([one], [other]) => weight(one) - weight(other) || one.localeCompare(other));
}

/** Every metric of the run, those of its machine included, in sections that fold. */
export function RunCharts({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const wanted = (search.metric ?? "").toLowerCase();
  const metrics = Object.keys(run.metrics);
  const shown = metrics.filter((metric) => metric.toLowerCase().includes(wanted));
  const folded = new Set((search.folded ?? "").split(",").filter(Boolean));
  const fold = (name: string, open: boolean) => {
    if (open) folded.delete(name);
    else folded.add(name);
    change({ folded: [...folded].join(",") || undefined });
  };
  if (metrics.length === 0) return <p className="muted">The run has no metric yet.</p>;
  return (
    <div className="stack">
      <div className="row wrap">
        <input type="search" aria-label="Find a metric" placeholder={`Find among ${metrics.length} metrics`} value={search.metric ?? ""} onChange={(event) => change({ metric: event.target.value })} />
        <label><input type="checkbox" checked={search.logy === "1"} onChange={(event) => change({ logy: event.target.checked ? "1" : undefined })} /> log y</label>
        {search.steps && <button type="button" onClick={() => change({ steps: undefined })}>All steps (now {search.steps.replace("-", " to ")})</button>}
      </div>
      {shown.length === 0 && <p className="muted">No metric has “{search.metric}” in its name.</p>}
      {sections(shown).map(([prefix, names]) => {
        const name = prefix || "other";
        return (
          <details key={name} className="run-section" open={!folded.has(name)} onToggle={(event) => { if (event.currentTarget.open === folded.has(name)) fold(name, event.currentTarget.open); }}>
            <summary>{prefix || "without a prefix"} <span className="meta">{names.length}</span></summary>
            {!folded.has(name) && <ChartGrid run={run} metrics={names} logY={search.logy === "1"} />}
          </details>
        );
      })}
    </div>
  );
}
