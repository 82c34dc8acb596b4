// The columns of a run table as they stand in the address: keys by commas, each with its width and whether it is pinned: name:240!,state,config.optimizer.lr:90
import type { Schemas } from "../api/client";
import { metricKey, moreIsBetter, pieces, runKey } from "./run-keys";

export interface Column {
  key: string;
  width: number;
  pinned: boolean;
}

export const NARROWEST = 48;
export const WIDEST = 900;
const TAIL = /^(.*?)(?::(\d{1,4}))?(!)?$/s;
const WIDTHS: Record<string, number> = { name: 240, state: 120, change: 170, tags: 130, notes: 200, created_at: 100, started_at: 100, finished_at: 100, duration: 100, reason: 200, progress: 110, node: 110, id: 120 };

export const widthOf = (key: string): number => WIDTHS[key] ?? (runKey(key).root === "metric" ? 136 : 110);

/** Columns as the address names them; the name always stands among them, pinned ones first. */
export function readColumns(text: string): Column[] {
  const read = pieces(text).map((piece): Column => {
    const [, key = "", width, pin] = TAIL.exec(piece)!;
    return { key, width: width ? clamped(Number(width)) : widthOf(key), pinned: pin === "!" };
  });
  const once = read.filter(({ key }, place) => read.findIndex((other) => other.key === key) === place);
  return arranged(once.some(({ key }) => key === "name") ? once : [{ key: "name", width: widthOf("name"), pinned: true }, ...once]);
}

export function writeColumns(columns: readonly Column[]): string {
  return columns.map(({ key, width, pinned }) => `${key}${width === widthOf(key) ? "" : `:${width}`}${pinned ? "!" : ""}`).join(",");
}

/** Pinned columns first, each side in its order. */
export const arranged = (columns: readonly Column[]): Column[] => [...columns.filter(({ pinned }) => pinned), ...columns.filter(({ pinned }) => !pinned)];

/** The columns with one put before, or (going right) behind, another; it takes over that one's pin. */
export function moved(columns: readonly Column[], key: string, onto: string): Column[] {
  const from = columns.findIndex((column) => column.key === key);
  const to = columns.findIndex((column) => column.key === onto);
  if (from < 0 || to < 0 || from === to) return [...columns];
  const others = columns.filter((column) => column.key !== key);
  others.splice(to, 0, { ...columns[from]!, pinned: columns[to]!.pinned });
  return arranged(others);
}

/** What stands in a table before anybody chooses: name, state, change, the metrics people ask for first, tags, how long, when; of groups the metrics first. */
export function standardColumns(fields: Schemas["RunFields"] | undefined, grouped = false): Column[] {
  const metrics = fields?.metrics.map(({ key }) => runKey(key).path[1]!) ?? [];
  const wanted = [...metrics.filter((metric) => /^val.*loss/.test(metric)), ...metrics.filter((metric) => /^val|^eval|^test/.test(metric)), ...metrics.filter((metric) => /loss|acc/.test(metric)), ...metrics]
    .filter((metric) => !/^(system\/|lr$|grad\/)/.test(metric));
  const chosen = [...new Set(wanted)].slice(0, 3).map((metric) => metricKey(metric, /^val|^eval|^test/.test(metric) ? (moreIsBetter(metric) ? "max" : "min") : undefined));
  const change = fields?.config.some(({ key }) => key === "config.total_iterations") ? ["change"] : []; // only runs trained here have a baseline
  const keys = grouped ? ["name", ...chosen, "state", ...change, "duration", "created_at", "tags"] : ["name", "state", ...change, ...chosen, "duration", "created_at", "tags"];
  return keys.map((key) => ({ key, width: widthOf(key) + (grouped && key === "name" ? 60 : 0), pinned: key === "name" }));
}

export const clamped = (width: number): number => Math.min(WIDEST, Math.max(NARROWEST, Math.round(width)));
