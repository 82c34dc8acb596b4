import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import { number, whole } from "../lib/format";
import { setHovered } from "../lib/hover";
import { caption } from "./caption";
import { type Range, scales, xRange, yRange } from "./frame";
import { HoverList } from "./hover-list";
import type { Band, Line } from "./line";
import { Plot, type Pointed } from "./plot";
import { readings } from "./readings";
import { svgText } from "./svg";

/** What a chart can be asked for: its picture as a PNG or as the text of an SVG. */
export interface ChartHandle { png: () => Promise<Blob>; svg: () => string }

export interface CurveChartProps {
  /** Its name to those who do not see it, and in the files it is saved as. */
  title: string;
  lines: Line[];
  bands?: Band[];
  height?: number;
  /** Charts of the same key share their crosshair. Zoom is shared by giving them the same `window`. */
  sync?: string;
  window?: Range | null;
  /** A stretch of x was drawn over, or null: all is wanted again. */
  onZoom?: (window: Range | null) => void;
  logX?: boolean;
  logY?: boolean;
  outliers?: boolean;
  /** x counts seconds since 1970 and its axis shows dates. */
  time?: boolean;
  formatX?: (x: number) => string;
  xName?: string;
  marks?: { x: number; words: string }[];
  /** Old data, new ones are on their way. */
  dim?: boolean;
  /** Why there is nothing to draw. */
  empty?: ReactNode;
  /** Said after how many points are shown. */
  note?: string;
  ref?: Ref<ChartHandle>;
}

const NONE: never[] = [];
const steps = (x: number): string => (Number.isInteger(x) ? whole(x) : ""); // between two steps there is none

/** Curves over x, with crosshair, zoom by drag (double click resets), a list of values at the pointer, and what it shows in words. */
export function CurveChart({
  title, lines, bands = NONE, height = 220, sync, window = null, onZoom, logX = false, logY = false, outliers = true, time = false, formatX = steps, xName = "step",
  marks = NONE, dim = false, empty, note, ref,
}: CurveChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const told = useRef<{ zoom: typeof onZoom; point: (at: Pointed | null) => void }>({ zoom: onZoom, point: () => undefined });
  const [pointed, point] = useState<Pointed | null>(null);
  const x = useMemo(() => window ?? xRange(lines, bands, logX), [window, lines, bands, logX]);
  const y = useMemo(() => yRange(lines, bands, x, logY, outliers), [lines, bands, x, logY, outliers]);

  useLayoutEffect(() => {
    told.current = {
      zoom: onZoom,
      point: (at) => {
        if (at?.own) setHovered(nearestRun(plot.current!, lines, bands, at));
        else if (!at && pointed?.own) setHovered(null);
        point(at);
      },
    };
  });
  useLayoutEffect(() => {
    const made = new Plot(host.current!, {
      height, sync, logX, logY, time, wholeX: !time && !logX && (xName === "step" || xName === "run"), formatX, formatY: (value) => number(value, 4),
      zoom: (range) => told.current.zoom?.(range), point: (at) => told.current.point(at),
    });
    plot.current = made;
    const watch = new ResizeObserver(([entry]) => {
      const wide = Math.floor(entry!.contentRect.width);
      if (wide > 0) made.resize(wide, height);
    });
    watch.observe(host.current!);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [height, sync, logX, logY, time, formatX, xName]);
  useLayoutEffect(() => plot.current?.show({ lines, bands, x, y, marks }), [lines, bands, x, y, marks, height, sync, logX, logY, time, formatX, xName]);
  useEffect(() => () => setHovered(null), []);
  useImperativeHandle(ref, () => ({
    png: () => new Promise((give, fail) => plot.current!.canvas().toBlob((blob) => (blob ? give(blob) : fail(new Error("The browser made no picture."))))),
    svg: () => svgText(plot.current!, lines, bands, title),
  }), [lines, bands, title]);

  const said = [caption(lines, bands, y), note].filter(Boolean).join(" · ");
  const has = lines.some(({ x }) => x.length) || bands.some(({ x }) => x.length);
  return (
    <figure className={dim ? "chart chart-dim" : "chart"} style={{ margin: 0 }} aria-busy={dim}>
      <div className={has ? "chart-plot" : "chart-plot bare"} role="img" aria-label={`${title}: ${lines.length + bands.length} curves over ${xName}; ${said}`} style={{ height }} ref={host} />
      {!has && <div className="chart-empty" style={{ height }}>{empty ?? "No points yet"}</div>}
      {has && pointed?.own && (
        <HoverList all={readings(lines, bands, pointed.x)} title={`${xName} ${time ? new Date(pointed.x * 1000).toLocaleString() : formatX(xName === "step" ? Math.round(pointed.x) : pointed.x)}`} at={pointed.at} most={height > 400 ? 30 : 12} />
      )}
      <figcaption className="meta">{said}</figcaption>
    </figure>
  );
}

/** The run or group whose curve is nearest to the pointer, within 60 pixels. */
function nearestRun(plot: Plot, lines: Line[], bands: Band[], at: Pointed): string | null {
  const { toY } = scales(plot.frame);
  let least = 60;
  let found: string | null = null;
  for (const { run, value } of readings(lines, bands, at.x)) {
    const far = Math.abs(toY(value) - at.top);
    if (far < least) [least, found] = [far, run];
  }
  return found;
}
