import { useMemo } from "react";
import { axisOf, type Axis } from "../../lib/axis";
import { list, listed } from "../../lib/chart-view";
import { setHovered, useHovered } from "../../lib/hover";
import { importance } from "../../lib/importance";
import { keyLabel, runKey, valueAt } from "../../lib/run-keys";
import { Menu } from "../../ui/menu";
import type { ShownRun } from "./charts";
import { Picture } from "./charts-picture";
import { ofHowMany, type RunPart, standardTarget, useMatching } from "./charts-runs";
import { cut, marks, plain, type ScatterProps } from "./charts-scatter";

const HEIGHT = 440;
const TOP = 34, BOTTOM = 16, SIDE = 56;
const AT_FIRST = 5;

/** Each run as a line over axes, one for each value: which settings lead where. */
export function Parallel({ project, runs, charts, all, address, choose }: ScatterProps) {
  const target = address.target ?? standardTarget(all);
  const asked = useMemo(() => (address.axes ? listed(address.axes) : null), [address.axes]);
  const found = useMatching(project, useMemo(() => (asked ? [...new Set(asked)] : ["config", target].filter(Boolean)), [asked, target]));
  const { runs: matching } = found;
  const keys = useMemo(() => asked ?? standardAxes(matching, target), [asked, matching, target]);
  const { logY } = charts.view;
  const axes = useMemo(() => keys.map((key) => axisOf(key, matching.map((run) => valueAt(run, runKey(key))), logY && runKey(key).root === "metric")), [keys, matching, logY]);
  const drawn = useMemo(() => found.runs.filter((run) => axes.filter((axis) => axis.place(valueAt(run, runKey(axis.key))) !== null).length > 1), [found.runs, axes]);
  const toggle = (key: string) => choose({ axes: list(keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key]) });
  const caption = `n = ${drawn.length}, of ${ofHowMany(found)} · a line is broken where a run has no value${asked ? "" : " · axes: what tells most of the metric, see Importance"}`;
  return (
    <Picture
      name="parallel-coordinates" label={`Parallel coordinates of ${keys.map(keyLabel).join(", ")}`} height={HEIGHT} caption={caption} from={found}
      rows={() => [["run", "name", ...keys], ...drawn.map((run) => [run.id, run.name, ...keys.map((key) => plain(valueAt(run, runKey(key))))])]}
      choices={
        <>
          <Menu label={`Axes: ${keys.length}`} closes={false}>
            {all.slice(0, 400).map(({ key, label }) => <label key={key} className="charts-axis"><input type="checkbox" checked={keys.includes(key)} onChange={() => toggle(key)} /> <span className="cut">{label}</span></label>)}
          </Menu>
          <label><input type="checkbox" checked={charts.view.logY} onChange={(event) => charts.set({ logy: event.target.checked ? "1" : undefined })} /> metrics log</label>
        </>
      }
    >
      {(width) => <Lines width={width} axes={axes} runs={drawn} shown={runs} open={(run) => choose({ run })} />}
    </Picture>
  );
}

function standardAxes(runs: readonly RunPart[], target: string): string[] {
  const values = runs.map((run) => Number(valueAt(run, runKey(target)) ?? NaN));
  return [...importance(runs.map(({ config }) => config ?? {}), values).slice(0, AT_FIRST).map(({ key }) => key), ...(target ? [target] : [])];
}

function Lines({ width, axes, runs, shown, open }: { width: number; axes: Axis[]; runs: RunPart[]; shown: ShownRun[]; open: (run: string) => void }) {
  const hovered = useHovered();
  const strokes = useMemo(() => new Map(shown.map(({ id, stroke }) => [id, stroke])), [shown]);
  const h = HEIGHT - TOP - BOTTOM;
  const x = (i: number) => (axes.length < 2 ? width / 2 : SIDE + ((width - 2 * SIDE) * i) / (axes.length - 1));
  const paths = useMemo(() => runs.map((run) => ({ run, d: path(run, axes, x, h) })).sort((a, b) => Number(strokes.has(a.run.id)) - Number(strokes.has(b.run.id))), [runs, axes, width, strokes]); // eslint-disable-line react-hooks/exhaustive-deps -- x and h follow from width and axes
  const near = paths.find(({ run }) => run.id === hovered);
  return (
    <g fontSize="11" fill="none">
      {paths.map(({ run, d }) => (
        <path
          key={run.id} className="charts-run-line" d={d} stroke={strokes.get(run.id)?.colour ?? "var(--muted)"} strokeWidth={strokes.has(run.id) ? 2 : 1} opacity={hovered && near ? 0.15 : strokes.has(run.id) ? 0.9 : 0.3}
          strokeDasharray={strokes.get(run.id)?.dash?.join(" ")} onPointerEnter={() => setHovered(run.id)} onPointerLeave={() => setHovered(null)} onClick={() => open(run.id)}
        />
      ))}
      {near && <path d={near.d} stroke={strokes.get(near.run.id)?.colour ?? "var(--ink)"} strokeWidth="3.5" pointerEvents="none" />}
      {axes.map((axis, i) => (
        <g key={axis.key} transform={`translate(${x(i)} ${TOP})`}>
          <path d={`M0 0v${h}`} stroke="var(--muted)" />
          <text y={i % 2 && width / axes.length < 110 ? -8 : -20} textAnchor="middle" fill="var(--ink)" fontWeight="600"><title>{keyLabel(axis.key)}</title>{cut(keyLabel(axis.key), Math.max(8, Math.floor(width / axes.length / 7)))}</text>
          {marks(axis, 6).map(({ at, words }) => <g key={words} transform={`translate(0 ${h * (1 - at)})`}><path d="M-4 0h8" stroke="var(--muted)" /><text className="charts-halo" x="7" y="4" fill="var(--muted)">{cut(words, 10)}</text></g>)}
        </g>
      ))}
      {near && <text x={width / 2} y={HEIGHT - 2} textAnchor="middle" fill="var(--ink)" fontWeight="600">{cut(near.run.name, 60)}</text>}
    </g>
  );
}

function path(run: RunPart, axes: readonly Axis[], x: (i: number) => number, h: number): string {
  let open = false;
  return axes.map((axis, i) => {
    const at = axis.place(valueAt(run, runKey(axis.key)));
    const piece = at === null ? "" : `${open ? "L" : "M"}${x(i)} ${TOP + h * (1 - at)}`;
    open = at !== null;
    return piece;
  }).join("");
}
