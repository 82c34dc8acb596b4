import { type ChartView, list, type Section } from "../../lib/chart-view";
import type { ShownGroup, ShownRun } from "./charts";
import { Lazy } from "./charts-lazy";
import { MetricChart } from "./charts-metric";
import type { ChartsState } from "./charts-view";

const HEIGHT = 220;
const FOLDED_AT_FIRST = ["system"];

export const isFolded = (view: ChartView, name: string): boolean => view.find === "" && (view.folded ?? FOLDED_AT_FIRST).includes(name);

/** Charts by the prefix of their metric; pinned ones first, in a section of their own. */
export function Sections({ sections, project, runs, groups, charts }: { sections: Section[]; project: string; runs: ShownRun[]; groups: ShownGroup[] | null; charts: ChartsState }) {
  const { view, set } = charts;
  const pinned = view.pinned.length ? [{ name: "Pinned", metrics: view.pinned }] : [];
  const toggle = (name: string) => {
    const folded = view.folded ?? FOLDED_AT_FIRST;
    set({ folded: list(folded.includes(name) ? folded.filter((each) => each !== name) : [...folded, name]) || "-" });
  };
  return [...pinned, ...sections].map(({ name, metrics }) => {
    const folded = isFolded(view, name);
    return (
      <section key={name} className="charts-section" aria-label={`Section ${name}`}>
        <h2>
          <button type="button" className="plain charts-fold" aria-expanded={!folded} onClick={() => toggle(name)}>
            <span aria-hidden="true">{folded ? "▸" : "▾"}</span> {name} <span className="meta">{metrics.length}</span>
          </button>
        </h2>
        {!folded && (
          <div className="charts-grid">
            {metrics.map((metric) => (
              <Lazy key={metric} height={HEIGHT + 60}>
                <MetricChart project={project} metric={metric} runs={runs} groups={groups} charts={charts} height={HEIGHT} />
              </Lazy>
            ))}
          </div>
        )}
      </section>
    );
  });
}
