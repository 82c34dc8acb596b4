import "./chart.css";
import { useHovered } from "../lib/hover";
import { number } from "../lib/format";
import { around, type Reading } from "./readings";
import { Swatch } from "./swatch";

/** All curves at the pointer's x, greatest first; those next to the nearest when there are many. `at` is where the pointer is on the screen. */
export function HoverList({ all, title, at, most = 12 }: { all: Reading[]; title: string; at: { x: number; y: number }; most?: number }) {
  const hovered = useHovered();
  const { shown, above, below } = around(all, hovered, most);
  const place = at.x > window.innerWidth / 2 ? { right: Math.max(8, Math.min(window.innerWidth - at.x + 16, window.innerWidth - 428)) } : { left: Math.max(8, Math.min(at.x + 16, window.innerWidth - 428)) };
  const high = (shown.length + 2) * 17 + 14;
  return (
    <div className="chart-list" style={{ top: Math.max(8, Math.min(at.y + 12, window.innerHeight - high)), ...place }}>
      <div className="muted">{title}</div>
      {above > 0 && <div className="muted">{above} greater</div>}
      <table role="presentation">
        <tbody>
          {shown.map((reading) => (
            <tr key={reading.run + reading.name} className={reading.run === hovered ? "near" : undefined}>
              <td><Swatch stroke={reading.stroke} /></td>
              <td className="cut">{reading.name}</td>
              <td className="number">{number(reading.value)} <span className="muted">{aside(reading)}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
      {below > 0 && <div className="muted">{below} less</div>}
      {all.length === 0 && <div className="muted">No run has a point here</div>}
    </div>
  );
}

function aside({ original, low, high, n, of }: Reading): string {
  if (n !== undefined && of !== undefined) return `${number(low, 4)} … ${number(high, 4)}, n = ${n < of ? `${n} of ${of}` : n}`;
  if (original !== undefined) return `(${number(original, 4)})`;
  return low !== undefined ? `${number(low, 4)} … ${number(high, 4)}` : "";
}
