import "./chart.css";
import type { Stroke } from "../lib/colours";

/** A short piece of a curve as it is drawn: its colour and dash. */
export function Swatch({ stroke, width = 16 }: { stroke: Stroke; width?: number }) {
  return (
    <svg className="chart-swatch" width={width} height="8" aria-hidden="true">
      <line x1="0" y1="4" x2={width} y2="4" stroke={stroke.colour} strokeWidth="2.5" strokeDasharray={stroke.dash?.join(" ")} />
    </svg>
  );
}
