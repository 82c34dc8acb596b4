import { useEffect, useRef, useState } from "react";
import type { ShownGroup, ShownRun } from "./charts";
import { MetricChart } from "./charts-metric";
import type { ChartsState } from "./charts-view";

/** One chart over the whole window; the arrow keys show the one before and after it, Esc closes. */
export function FullChart({ metrics, project, runs, groups, charts }: { metrics: string[]; project: string; runs: ShownRun[]; groups: ShownGroup[] | null; charts: ChartsState }) {
  const { view, set } = charts;
  const dialog = useRef<HTMLDialogElement>(null);
  const [height, setHeight] = useState(() => room());
  const place = metrics.indexOf(view.full);
  const go = (step: number) => set({ full: metrics[(place + step + metrics.length) % metrics.length] });
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    const fit = () => setHeight(room());
    window.addEventListener("resize", fit);
    return () => {
      window.removeEventListener("resize", fit);
      element?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog} className="charts-full" aria-label={`${view.full} in full`}
      onCancel={(event) => { event.preventDefault(); set({ full: undefined }); }}
      onKeyDown={(event) => {
        if (event.target instanceof HTMLInputElement) return;
        if (event.key === "ArrowRight") go(1);
        else if (event.key === "ArrowLeft") go(-1);
      }}
    >
      <div className="row">
        <button type="button" onClick={() => go(-1)} aria-label="The chart before" disabled={metrics.length < 2}>←</button>
        <button type="button" onClick={() => go(1)} aria-label="The next chart" disabled={metrics.length < 2}>→</button>
        <span className="meta">{place >= 0 ? `${place + 1} of ${metrics.length}` : ""}</span>
        <span className="space" />
        {view.zoom && <button type="button" onClick={() => charts.zoom(null)}>Show all</button>}
        <button type="button" onClick={() => set({ full: undefined })} aria-label="Close">✕</button>
      </div>
      <MetricChart key={view.full} project={project} metric={view.full} runs={runs} groups={groups} charts={charts} height={height} full />
    </dialog>
  );
}

const room = (): number => Math.max(160, window.innerHeight - 130);
