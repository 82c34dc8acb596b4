import { useMemo } from "react";
import { type Axis, axisOf } from "../../lib/axis";
import { number } from "../../lib/format";
import { setHovered, useHovered } from "../../lib/hover";
import { type Point, tried } from "../../lib/sweep-points";
import type { Sweep } from "./use-sweeps";

const MOST_AXES = 9;

/** Each run as a line over the values it tried, ending at what it gave: which settings lead where. */
export function ParallelPoints({ sweep }: { sweep: Sweep }) {
  const axes = useMemo(() => {
    const parameters = sweep.parameters.slice(0, MOST_AXES);
    return [...parameters.map((key) => axisOf(key, sweep.points.map((point) => tried(point, key)), spreadsFar(sweep.points, key))), axisOf(sweep.metric?.name ?? "value", sweep.points.map(({ value }) => value), false)];
  }, [sweep]);
  const hovered = useHovered();
  const drawn = sweep.points.filter(({ value }) => value !== null);
  if (drawn.length === 0 || axes.length < 2) return null;
  const held = (point: Point, axis: number) => (axis === axes.length - 1 ? point.value : tried(point, axes[axis]!.key));
  return (
    <section className="stack" aria-label="Parallel coordinates">
      <h2>What leads where</h2>
      <div className="sweep-axes meta" aria-hidden="true">{axes.map((axis) => <span key={axis.key} title={axis.key}>{axis.key}<br />{top(axis)}</span>)}</div>
      <svg className="sweep-parallel" viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label={`${drawn.length} runs over ${axes.map(({ key }) => key).join(", ")}`}>
        {axes.map((axis, place) => <path key={axis.key} className="sweep-axis" d={`M${at(place, axes.length)} 0V200`} />)}
        {drawn.map((point) => (
          <path
            key={point.place} d={path(axes, (axis) => held(point, axis))}
            className={point.run !== null && point.run === hovered ? "sweep-line emphasised" : point.run !== null && point.run === sweep.best?.run ? "sweep-line best" : "sweep-line"}
            onPointerEnter={() => setHovered(point.run)} onPointerLeave={() => setHovered(null)}
          >
            <title>{`${point.name ?? point.external_id}: ${number(point.value)}`}</title>
          </path>
        ))}
      </svg>
      <div className="sweep-axes meta" aria-hidden="true">{axes.map((axis) => <span key={axis.key}>{bottom(axis)}</span>)}</div>
      <p className="meta">
        {drawn.length} runs that gave a value, the best one emphasised{sweep.parameters.length > MOST_AXES && `; the first ${MOST_AXES} of ${sweep.parameters.length} parameters`}. Axes whose values span a hundredfold are logarithmic.
      </p>
    </section>
  );
}

const at = (place: number, count: number): number => ((place + 0.5) * 1000) / count;

function path(axes: readonly Axis[], held: (axis: number) => unknown): string {
  let open = false;
  return axes.map((axis, place) => {
    const found = axis.place(held(place));
    const step = found === null ? "" : `${open ? "L" : "M"}${at(place, axes.length).toFixed(1)} ${(200 * (1 - found)).toFixed(1)}`;
    open = found !== null;
    return step;
  }).join("");
}

/** Whether all values are positive numbers and the largest is a hundred times the smallest. */
function spreadsFar(points: readonly Point[], key: string): boolean {
  const values = points.map((point) => tried(point, key)).filter((value) => typeof value === "number");
  return values.length > 0 && Math.min(...values) > 0 && Math.max(...values) >= 100 * Math.min(...values);
}

const top = (axis: Axis): string => (axis.kind === "number" ? number(axis.max, 3) : (axis.choices.at(-1) ?? ""));
const bottom = (axis: Axis): string => (axis.kind === "number" ? number(axis.min, 3) : (axis.choices[0] ?? ""));
