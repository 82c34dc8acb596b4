import { useEffect, useMemo, useRef, useState } from "react";
import { CurveChart } from "../../charts/curve-chart";
import { line } from "../../charts/line";
import { useSeries } from "../../charts/use-series";
import { useAddress } from "../../lib/address";
import { stroke } from "../../lib/colours";
import { windowOf } from "../../lib/step-window";
import { Trouble } from "../../ui/trouble";
import { type Run } from "./use-run";

/** A chart a metric, side by side; crosshair and zoom are shared, and the zoom stands in the address. */
export function ChartGrid({ run, metrics, logY = false }: { run: Run; metrics: readonly string[]; logY?: boolean }) {
  return (
    <div className="run-charts">
      {metrics.map((metric) => <SeenChart key={metric} run={run} metric={metric} logY={logY} />)}
    </div>
  );
}

/** A chart that is fetched when it is first seen. */
function SeenChart(props: { run: Run; metric: string; logY: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => { if (entry?.isIntersecting) setSeen(true); }, { rootMargin: "300px" });
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, []);
  return <div className="run-chart" ref={place}><h3 className="cut" title={props.metric}>{props.metric}</h3>{seen && <RunChart {...props} />}</div>;
}

function RunChart({ run, metric, logY }: { run: Run; metric: string; logY: boolean }) {
  const [search, change] = useAddress();
  const window = windowOf(search.steps);
  const asked = useSeries({ runs: [run.id], metrics: [metric], points: 800, from: window?.from ?? null, to: window?.to ?? null });
  const { series } = asked;
  const lines = useMemo(() => (series ?? []).map((each) => line(each, { name: run.name, stroke: stroke(0) })), [series, run.name]);
  if (asked.error && !series) return <Trouble error={asked.error} again={asked.again} />;
  return (
    <CurveChart
      title={`${metric} of ${run.name}`} lines={lines} height={190} sync="run" logY={logY} dim={asked.isOld}
      window={window ? { min: window.from, max: window.to } : null}
      onZoom={(to) => change({ steps: to ? `${Math.floor(to.min)}-${Math.ceil(to.max)}` : undefined })}
      empty={series ? "No points in this window." : "Loading …"}
    />
  );
}
