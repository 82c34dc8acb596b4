// What the address says of the charts: every picture of them is a link.
import type { Spread } from "./bands";
import { SPREADS } from "./bands";

export type Drawing = "curves" | "parallel" | "scatter" | "importance";
export const DRAWINGS: Record<Drawing, string> = { curves: "Curves", parallel: "Parallel coordinates", scatter: "Scatter", importance: "Importance" };

export interface ChartView {
  drawing: Drawing;
  /** "step", "time" (seconds since the run began), "wall", or "metric:" and its name. */
  x: string;
  zoom: { min: number; max: number } | null;
  smoothing: number;
  logX: boolean;
  logY: boolean;
  spread: Spread;
  /** Of groups, their runs behind the mean. */
  members: boolean;
  outliers: boolean;
  find: string;
  pinned: string[];
  /** Sections that are folded; undefined: as they are at first. */
  folded: string[] | undefined;
  full: string;
}

export const MOST_SMOOTHING = 0.99;

export function readView(address: Record<string, string | undefined>): ChartView {
  const { draw = "", x = "", zoom = "", smooth = "", spread = "", pins = "", folded, full = "" } = address;
  return {
    drawing: draw in DRAWINGS ? (draw as Drawing) : "curves",
    x: x === "time" || x === "wall" || x.startsWith("metric:") ? x : "step",
    zoom: readZoom(zoom),
    smoothing: Math.min(MOST_SMOOTHING, Math.max(0, Number(smooth) || 0)),
    logX: address.logx === "1",
    logY: address.logy === "1",
    spread: spread in SPREADS ? (spread as Spread) : "sd",
    members: address.members === "1",
    outliers: address.outliers !== "0",
    find: address.charts ?? "",
    pinned: listed(pins),
    folded: folded === undefined ? undefined : listed(folded),
    full,
  };
}

/** "100_2000" (no sign that addresses write otherwise); null for anything else. */
function readZoom(text: string): ChartView["zoom"] {
  const [min = NaN, max = NaN] = text.split("_").map((part) => (part === "" ? NaN : Number(part)));
  return Number.isFinite(min) && Number.isFinite(max) && min < max ? { min, max } : null;
}

/** As short as it still tells the places apart. */
export function writeZoom(zoom: ChartView["zoom"]): string {
  if (!zoom) return "";
  const digits = Math.max(0, 3 - Math.floor(Math.log10(zoom.max - zoom.min)));
  const short = (value: number) => String(Number(value.toFixed(Math.min(20, digits))));
  return `${short(zoom.min)}_${short(zoom.max)}`;
}

/** Names by commas; a comma or per cent sign in a name is written as in addresses. */
export const listed = (text: string): string[] => text.split(",").filter((piece) => piece && piece !== "-").map((piece) => piece.replaceAll("%2C", ",").replaceAll("%25", "%"));
export const list = (names: readonly string[]): string => names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");

export interface Section { name: string; metrics: string[] }

/** Metrics by what stands before their first "/": "train/loss" in "train"; those without stand in "metrics". Metrics of the service's own machine come last. */
export function sections(metrics: readonly string[], find: string): Section[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, string[]>();
  for (const metric of [...metrics].sort(byName)) {
    if (!words.every((word) => metric.toLowerCase().includes(word))) continue;
    const name = prefix(metric);
    found.set(name, [...(found.get(name) ?? []), metric]);
  }
  return [...found].map(([name, metrics]) => ({ name, metrics })).sort((a, b) => place(a.name) - place(b.name) || byName(a.name, b.name));
}

export const prefix = (metric: string): string => (metric.includes("/") ? metric.slice(0, metric.indexOf("/")) : "metrics");
const FIRST = ["val", "test", "train", "metrics"];
const place = (name: string): number => (name === "system" ? 99 : FIRST.includes(name) ? FIRST.indexOf(name) : 50);
const byName = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });
