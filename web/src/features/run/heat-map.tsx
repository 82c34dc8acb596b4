import { useEffect, useRef, useState } from "react";
import { number } from "../../lib/format";
import { heat, type HeatScale, share } from "../../lib/heat";

export interface HeatRow {
  name: string;
  /** What it is said to be, beside its name. */
  kind?: string;
  values: readonly (number | null)[];
}

/** Rows of coloured cells, a row a layer and a column a step. What a pointer rests on is read out beneath; a row can be chosen. */
export function HeatMap({ rows, columns, scale, label, chosen, choose, read }: {
  rows: readonly HeatRow[];
  columns: readonly number[];
  scale: HeatScale;
  label: string;
  chosen?: string | undefined;
  choose?: (name: string) => void;
  read: (row: HeatRow, column: number) => string;
}) {
  const [at, setAt] = useState<[number, number] | null>(null);
  const pointed = at && rows[at[0]] && columns[at[1]] !== undefined ? read(rows[at[0]]!, at[1]) : null;
  return (
    <figure className="run-heat" aria-label={label}>
      <div className="run-heat-body">
        <div className="run-heat-names" role="group" aria-label="Layers">
          {rows.map(({ name, kind }) => choose
            ? <button key={name} type="button" className="plain cut" title={name} aria-pressed={name === chosen} onClick={() => choose(name)}>{name} <span className="muted">{kind}</span></button>
            : <span key={name} className="cut" title={name}>{name}</span>)}
        </div>
        <Cells rows={rows} columns={columns} scale={scale} point={setAt} choose={(row) => choose?.(rows[row]!.name)} />
      </div>
      <div className="row run-heat-axis"><span>step {columns[0]}</span><span className="space" /><span>step {columns.at(-1)}</span></div>
      <figcaption className="row wrap meta">
        <Legend scale={scale} />
        <span role="status">{pointed ?? "rest the pointer on a cell to read it"}</span>
      </figcaption>
    </figure>
  );
}

const CELL_PX = 22;

function Cells({ rows, columns, scale, point, choose }: {
  rows: readonly HeatRow[]; columns: readonly number[]; scale: HeatScale; point: (at: [number, number] | null) => void; choose: (row: number) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const picture = context.createImageData(Math.max(1, columns.length), Math.max(1, rows.length));
    rows.forEach(({ values }, row) => values.forEach((value, column) => {
      const place = (row * columns.length + column) * 4;
      if (value === null) return;
      picture.data.set([...(Number.isFinite(value) ? heat(share(value, scale)) : [192, 43, 43]), 255], place);
    }));
    context.putImageData(picture, 0, 0);
  }, [rows, columns, scale]);
  const place = (event: React.PointerEvent | React.MouseEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    const cell = (at: number, size: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor((at / size) * count)));
    return [cell(event.clientY - box.top, box.height, rows.length), cell(event.clientX - box.left, box.width, columns.length)];
  };
  return (
    <canvas
      ref={canvas} width={Math.max(1, columns.length)} height={Math.max(1, rows.length)} style={{ height: rows.length * CELL_PX }} role="img"
      aria-label={`${rows.length} rows by ${columns.length} steps`} onPointerMove={(event) => point(place(event))} onPointerLeave={() => point(null)} onClick={(event) => choose(place(event)[0])}
    />
  );
}

function Legend({ scale }: { scale: HeatScale }) {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((at) => `rgb(${heat(at).join(" ")})`).join(", ");
  return (
    <span className="row">
      {number(scale.low, 3)}<span className="run-heat-legend" style={{ backgroundImage: `linear-gradient(to right, ${stops})` }} />{number(scale.high, 3)}{scale.log ? " (powers of ten)" : ""}
    </span>
  );
}
