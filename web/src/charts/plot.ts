// uPlot draws the axes and keeps scales, cursor, drag and what is shared between charts; curves are painted on canvases above, each over an x of its own.
import uPlot from "uplot";
import { getHovered, onHovered } from "../lib/hover";
import { type Frame, type Range, scales } from "./frame";
import { type Band, type Line, nearest } from "./line";
import { paint } from "./paint";

/** Where the pointer is: on x, in the plotting area, on the screen. */
export interface Pointed { x: number; left: number; top: number; own: boolean; at: { x: number; y: number } }

export interface PlotOptions {
  height: number;
  sync: string | undefined;
  logX: boolean;
  logY: boolean;
  time: boolean;
  /** x counts something: no tick stands between two whole numbers. */
  wholeX: boolean;
  formatX: (x: number) => string;
  formatY: (y: number) => string;
  zoom: (window: Range | null) => void;
  /** Where the pointer is, or that of a chart with the same `sync`: then `own` is false. */
  point: (at: Pointed | null) => void;
}

export interface Picture { lines: Line[]; bands: Band[]; x: Range; y: Range; marks: { x: number; words: string }[] }

const FONT = "11px system-ui, sans-serif";
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((times) => times * 10 ** power)).flat();
const LEFT_PX = 52; // enough for six letters; more take more
const LETTER_PX = 6.5;

export class Plot {
  private readonly u: uPlot;
  private readonly base = document.createElement("canvas");
  private readonly top = document.createElement("canvas");
  private readonly stops: (() => void)[] = [];
  private picture: Picture = { lines: [], bands: [], x: { min: 0, max: 1 }, y: { min: 0, max: 1 }, marks: [] };
  private inside = false;
  /** The ticks of x and y as they were last drawn, for those who draw the same picture elsewhere. */
  readonly ticks: { x: { at: number; words: string }[]; y: { at: number; words: string }[] } = { x: [], y: [] };

  constructor(private readonly host: HTMLElement, private readonly options: PlotOptions) {
    this.u = new uPlot(this.uplotOptions(), [[0, 1], [null, null]] as unknown as uPlot.AlignedData, host);
    this.base.className = "chart-curves";
    this.top.className = "chart-curves";
    this.u.over.prepend(this.base, this.top);
    this.listen();
  }

  get frame(): Frame {
    const { x, y } = this.picture;
    return { x, y, logX: this.options.logX, logY: this.options.logY, width: this.u.over.clientWidth, height: this.u.over.clientHeight };
  }

  /** Axes and curves as one canvas, on the paper's colour. */
  canvas(): HTMLCanvasElement {
    const all = document.createElement("canvas");
    const axes = this.u.ctx.canvas;
    all.width = axes.width;
    all.height = axes.height;
    const context = all.getContext("2d")!;
    context.fillStyle = token("--paper");
    context.fillRect(0, 0, all.width, all.height);
    context.drawImage(axes, 0, 0);
    context.drawImage(this.base, Math.round(this.u.bbox.left), Math.round(this.u.bbox.top));
    return all;
  }

  get offset(): { left: number; top: number; width: number; height: number } {
    return { left: this.u.bbox.left / devicePixelRatio, top: this.u.bbox.top / devicePixelRatio, width: this.u.width, height: this.u.height };
  }

  show(picture: Picture): void {
    this.picture = picture;
    this.u.batch(() => {
      this.u.setScale("x", { ...picture.x });
      this.u.setScale("y", { ...picture.y });
    });
    this.u.redraw(false, true);
  }

  resize(width: number, height: number): void {
    if (width !== this.u.width || height !== this.u.height) this.u.setSize({ width, height });
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    this.u.destroy();
  }

  /** The emphasised curve in front, the others pale; a dot where the pointer's x meets it. */
  emphasise(): void {
    const hovered = getHovered();
    const lines = this.picture.lines.filter(({ run }) => run === hovered);
    const bands = this.picture.bands.filter(({ run }) => run === hovered);
    const one = lines.length + bands.length > 0 && this.picture.lines.length + this.picture.bands.length > 1;
    this.base.classList.toggle("pale", one);
    const context = cleared(this.top, this.u);
    if (!one) return;
    paint(context, this.frame, lines, bands, true);
    const left = this.u.cursor.left ?? -1;
    if (left < 0) return;
    const { toX, toY } = scales(this.frame);
    for (const { x, y, stroke } of [...lines.filter(({ faint }) => !faint).map((line) => ({ ...line, y: line.smooth ?? line.y })), ...bands.map((band) => ({ ...band, y: band.mid }))]) {
      const at = nearest(x, this.u.posToVal(left, "x"));
      if (at < 0) continue;
      context.beginPath();
      context.arc(toX(x[at]!), toY(y[at]!), 4, 0, 7);
      context.fillStyle = stroke.colour;
      context.fill();
    }
  }

  private redraw(): void {
    const context = cleared(this.base, this.u);
    paint(context, this.frame, this.picture.lines, this.picture.bands);
    const { toX } = scales(this.frame);
    for (const { x, words } of this.picture.marks) {
      const left = Math.round(toX(x)) + 0.5;
      context.strokeStyle = context.fillStyle = token("--bad");
      context.setLineDash([3, 3]);
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, 0);
      context.lineTo(left, this.frame.height);
      context.stroke();
      context.font = FONT;
      const after = left + 4 + context.measureText(words).width < this.frame.width;
      context.textAlign = after ? "left" : "right";
      context.textBaseline = "top";
      context.fillText(words, left + (after ? 4 : -4), 2);
    }
    this.emphasise();
  }

  private listen(): void {
    const repaint = () => this.u.redraw(false, false);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    document.addEventListener("themechange", repaint);
    dark.addEventListener("change", repaint);
    const over = this.u.over;
    const enter = () => { this.inside = true; };
    const leave = () => { this.inside = false; this.options.point(null); };
    over.addEventListener("pointerenter", enter);
    over.addEventListener("pointerleave", leave);
    let waits = 0;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const middle = this.u.posToVal(event.offsetX, "x");
      const factor = event.deltaY > 0 ? 1.25 : 0.8;
      const { min, max } = this.picture.x;
      this.show({ ...this.picture, x: { min: middle - (middle - min) * factor, max: middle + (max - middle) * factor } });
      clearTimeout(waits);
      waits = window.setTimeout(() => this.options.zoom(this.picture.x), 150);
    };
    over.addEventListener("wheel", wheel, { passive: false });
    this.stops.push(
      () => document.removeEventListener("themechange", repaint),
      () => dark.removeEventListener("change", repaint),
      () => clearTimeout(waits),
      onHovered(() => this.emphasise()),
    );
  }

  private uplotOptions(): uPlot.Options {
    const { height, sync, logX, logY, time, wholeX, formatX, formatY, zoom, point } = this.options;
    const ink = () => token("--muted");
    const grid = { stroke: () => token("--line"), width: 1 };
    const axis = { stroke: ink, font: FONT, grid, ticks: { ...grid, size: 4 }, gap: 4 };
    const said = (which: "x" | "y", format: (value: number) => string) => (_: uPlot, splits: number[]) => {
      const words = splits.map((at) => (at === null ? "" : format(at)));
      this.ticks[which] = splits.flatMap((at, i) => (at === null || !words[i] ? [] : [{ at, words: words[i] }]));
      return words;
    };
    return {
      width: Math.max(80, this.host.clientWidth),
      height,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      scales: { x: { time, auto: false, distr: logX ? 3 : 1, range: () => [this.picture.x.min, this.picture.x.max] }, y: { auto: false, distr: logY ? 3 : 1, range: () => [this.picture.y.min, this.picture.y.max] } },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, size: 24, space: 64, ...(time ? {} : { values: said("x", formatX) }), ...(wholeX ? { incrs: WHOLE } : {}) },
        { ...axis, size: (_: uPlot, words: string[] | null) => Math.max(LEFT_PX, ...(words ?? []).map((each) => each.length * LETTER_PX + 12)), space: 32, values: said("y", formatY) },
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: { dblclick: () => () => { zoom(null); return null; } },
        ...(sync ? { sync: { key: sync, setSeries: false, scales: ["x", null], filters: { pub: (type: string) => type === "mousemove" || type === "mouseleave" } } } : {}),
      },
      hooks: {
        draw: [() => this.redraw()],
        setCursor: [(u) => {
          const { left = -1, top = -1 } = u.cursor;
          const box = this.inside ? u.rect : { left: 0, top: 0 };
          point(left < 0 ? null : { x: u.posToVal(left, "x"), left, top, own: this.inside, at: { x: box.left + left, y: box.top + top } });
          if (getHovered() !== null) this.emphasise();
        }],
        setSelect: [(u) => {
          const { left, width } = u.select;
          if (width < 4) return;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoom({ min: u.posToVal(left, "x"), max: u.posToVal(left + width, "x") });
        }],
      },
    };
  }
}

/** A canvas as large as the plotting area, empty, whose unit is a CSS pixel. */
function cleared(canvas: HTMLCanvasElement, u: uPlot): CanvasRenderingContext2D {
  const width = Math.round(u.bbox.width);
  const height = Math.round(u.bbox.height);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d")!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return context;
}

/** A colour of the page as it stands now, dark or light. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
