import { useMemo } from "react";
import { ticks } from "../../charts/ticks";
import { type Axis, axisOf } from "../../lib/axis";
import { number, value as written } from "../../lib/format";
import { setHovered, useHovered } from "../../lib/hover";
import { keyLabel, runKey, valueAt } from "../../lib/run-keys";
import { correlation, rankCorrelation, trend } from "../../lib/statistics";
import type { ShownRun } from "./charts";
import { KeyChoice } from "./charts-key";
import { Picture } from "./charts-picture";
import { type Choice, ofHowMany, type RunPart, standardCause, standardTarget, useMatching } from "./charts-runs";
import type { ChartsState } from "./charts-view";

const HEIGHT = 420;
const LEFT = 72, RIGHT = 24, TOP = 18, BOTTOM = 52;

interface Dot { run: RunPart; x: unknown; y: unknown; left: number; top: number }

/** Runs by two of their values, with the line of least squares where both are numbers. */
export function Scatter({ project, runs, charts, all, address, choose }: ScatterProps) {
  const xKey = address.sx ?? standardCause(all);
  const yKey = address.sy ?? standardTarget(all);
  const found = useMatching(project, useMemo(() => [...new Set([xKey, yKey])].filter(Boolean), [xKey, yKey]));
  const { x, y, dots } = useMemo(() => placed(found.runs, xKey, yKey, charts.view.logX, charts.view.logY), [found.runs, xKey, yKey, charts.view]);
  const fitted = useMemo(() => fit(x, y, dots), [x, y, dots]);
  const without = found.runs.length - dots.length;
  const caption = [fitted?.words, `n = ${dots.length}, of ${ofHowMany(found)}`, without ? `${without} without both values` : ""].filter(Boolean).join(" · ");
  const rows = () => [["run", "name", xKey, yKey], ...dots.map((dot) => [dot.run.id, dot.run.name, plain(dot.x), plain(dot.y)])];
  return (
    <Picture
      name="scatter" label={`${keyLabel(yKey)} over ${keyLabel(xKey)}`} height={HEIGHT} caption={caption} rows={rows} from={found}
      choices={<><KeyChoice label="x" value={xKey} all={all} change={(sx) => choose({ sx })} /><KeyChoice label="y" value={yKey} all={all} change={(sy) => choose({ sy })} /><Logs charts={charts} /></>}
    >
      {(width) => <Plane width={width} x={x} y={y} dots={dots} line={fitted?.line ?? null} runs={runs} open={(run) => choose({ run })} />}
    </Picture>
  );
}

export interface ScatterProps {
  project: string;
  runs: ShownRun[];
  charts: ChartsState;
  all: Choice[];
  address: Record<string, string>;
  choose: (changes: Record<string, string>) => void;
}

function Logs({ charts: { view, set } }: { charts: ChartsState }) {
  return (
    <>
      <label><input type="checkbox" checked={view.logX} onChange={(event) => set({ logx: event.target.checked ? "1" : undefined })} /> x log</label>
      <label><input type="checkbox" checked={view.logY} onChange={(event) => set({ logy: event.target.checked ? "1" : undefined })} /> y log</label>
    </>
  );
}

function placed(runs: readonly RunPart[], xKey: string, yKey: string, logX: boolean, logY: boolean): { x: Axis; y: Axis; dots: Dot[] } {
  const both = runs.map((run) => ({ run, x: valueAt(run, runKey(xKey)), y: valueAt(run, runKey(yKey)) })).filter(({ x, y }) => x !== undefined && x !== null && y !== undefined && y !== null);
  const x = axisOf(xKey, both.map((each) => each.x), logX);
  const y = axisOf(yKey, both.map((each) => each.y), logY);
  return { x, y, dots: both.flatMap((each) => {
    const [left, top] = [x.place(each.x), y.place(each.y)];
    return left === null || top === null ? [] : [{ ...each, left, top: 1 - top }];
  }) };
}

/** The trend where it is drawn: on logarithmic axes, of the logarithms. */
function fit(x: Axis, y: Axis, dots: readonly Dot[]): { words: string; line: [number, number] } | null {
  if (x.kind !== "number" || y.kind !== "number" || dots.length < 3) return null;
  const [across, up] = [dots.map(({ left }) => left), dots.map(({ top }) => 1 - top)];
  const [line, r, rank] = [trend(across, up), correlation(across, up), rankCorrelation(across, up)];
  if (!line || r === null) return null;
  const logs = x.log || y.log ? " of the logarithms drawn" : "";
  return { words: `trend: r = ${r.toFixed(2)}${logs}, rank correlation ${(rank ?? 0).toFixed(2)}`, line: [line.at0, line.at0 + line.slope] };
}

function Plane({ width, x, y, dots, line, runs, open }: { width: number; x: Axis; y: Axis; dots: Dot[]; line: [number, number] | null; runs: ShownRun[]; open: (run: string) => void }) {
  const hovered = useHovered();
  const strokes = useMemo(() => new Map(runs.map(({ id, stroke }) => [id, stroke])), [runs]);
  const w = Math.max(40, width - LEFT - RIGHT), h = HEIGHT - TOP - BOTTOM;
  const near = dots.find(({ run }) => run.id === hovered);
  const ordered = useMemo(() => [...dots].sort((a, b) => Number(strokes.has(a.run.id)) - Number(strokes.has(b.run.id))), [dots, strokes]);
  return (
    <g transform={`translate(${LEFT} ${TOP})`} fontSize="11">
      {marks(y, 6).map(({ at, words }) => <g key={words}><path d={`M0 ${h * (1 - at)}h${w}`} stroke="var(--line)" /><text x="-14" y={h * (1 - at) + 4} textAnchor="end" fill="var(--muted)">{cut(words, 9)}</text></g>)}
      {marks(x, Math.max(2, w / 90)).map(({ at, words }) => <g key={words}><path d={`M${w * at} 0v${h}`} stroke="var(--line)" /><text x={w * at} y={h + 22} textAnchor="middle" fill="var(--muted)">{cut(words, 12)}</text></g>)}
      <text x={w / 2} y={h + 44} textAnchor="middle" fill="var(--ink)">{keyLabel(x.key)}</text>
      <text transform={`translate(-60 ${h / 2}) rotate(-90)`} textAnchor="middle" fill="var(--ink)">{keyLabel(y.key)}</text>
      {line && <Trend line={line} w={w} h={h} />}
      {ordered.map(({ run, left, top }) => (
        <circle
          key={run.id} className="charts-dot" cx={w * left} cy={h * top} r={run.id === hovered ? 7 : 4.5} fill={strokes.get(run.id)?.colour ?? "var(--muted)"} opacity={strokes.has(run.id) || run.id === hovered ? 0.95 : 0.4}
          onPointerEnter={() => setHovered(run.id)} onPointerLeave={() => setHovered(null)} onClick={() => open(run.id)}
        />
      ))}
      {near && <text x={Math.min(w * near.left + 10, w)} y={Math.max(10, h * near.top - 10)} textAnchor={near.left > 0.6 ? "end" : "start"} fill="var(--ink)" fontWeight="600" pointerEvents="none">{cut(near.run.name, 40)}: {written(near.x)}, {written(near.y)}</text>}
    </g>
  );
}

/** The part of the line inside the frame. */
function Trend({ line: [from, to], w, h }: { line: [number, number]; w: number; h: number }) {
  const at = (share: number) => from + (to - from) * share;
  const cuts = [0, 1, ...[0, 1].map((edge) => (edge - from) / (to - from))].filter((share) => share >= 0 && share <= 1 && at(share) >= -1e-9 && at(share) <= 1 + 1e-9).sort((a, b) => a - b);
  if (cuts.length < 2) return null;
  const [a, b] = [cuts[0]!, cuts.at(-1)!];
  return <path d={`M${w * a} ${h * (1 - at(a))}L${w * b} ${h * (1 - at(b))}`} stroke="var(--accent)" strokeWidth="1.5" strokeDasharray="6 4" fill="none" />;
}

/** Where the marks of an axis stand, 0 to 1, and what they say. */
export function marks(axis: Axis, wanted: number): { at: number; words: string }[] {
  if (axis.kind === "choice") return axis.choices.map((choice) => ({ at: axis.place(choice) ?? axis.choices.indexOf(choice) / Math.max(1, axis.choices.length - 1), words: choice }));
  return ticks(axis.min, axis.max, wanted, axis.log).filter((tick) => !axis.whole || Number.isInteger(tick)).flatMap((tick) => {
    const at = axis.place(tick);
    return at === null ? [] : [{ at, words: number(tick, 4) }];
  });
}

export const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
export const plain = (value: unknown): string | number | null => (typeof value === "number" ? value : value === null || value === undefined ? null : written(value));
