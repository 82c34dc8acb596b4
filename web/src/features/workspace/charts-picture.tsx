import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { pngOf, svgOf } from "../../charts/save-svg";
import { csv, download } from "../../lib/download";
import { Menu } from "../../ui/menu";
import { Trouble } from "../../ui/trouble";
import type { Matching } from "./charts-runs";

type Rows = () => (string | number | null)[][];

/** A drawing over runs: its choices above, the drawing as wide as there is room, what it is of below, and the files it comes as. */
export function Picture({ name, label, height, choices, caption, rows, from, children }: {
  name: string;
  label: string;
  height: number;
  choices: ReactNode;
  caption: string;
  rows: Rows;
  from: Matching;
  children: (width: number) => ReactNode;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const [place, width] = useWidth();
  return (
    <section className="charts-card" aria-label={name}>
      <div className="charts-choices">
        {choices}
        <span className="space" />
        <Menu label="⤓" name={`Save ${name}`} right className="plain charts-small">
          <button type="button" onClick={() => void pngOf(svg.current!).then((picture) => download(`${name}.png`, picture))}>Picture (PNG)</button>
          <button type="button" onClick={() => download(`${name}.svg`, new Blob([svgOf(svg.current!)], { type: "image/svg+xml" }))}>Drawing (SVG)</button>
          <button type="button" onClick={() => download(`${name}.csv`, new Blob([csv(rows())], { type: "text/csv" }))}>Values (CSV)</button>
        </Menu>
      </div>
      {from.error && !from.runs.length ? <Trouble error={from.error} again={from.again} /> : (
        <div ref={place} className={from.isOld ? "chart-dim" : undefined}>
          <svg ref={svg} className="charts-drawing" width={width} height={height} role="img" aria-label={`${label}; ${caption}`}>{width > 0 && children(width)}</svg>
        </div>
      )}
      <p className="meta">{from.isPending ? "Loading…" : caption}</p>
    </section>
  );
}

function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    if (place.current) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}
