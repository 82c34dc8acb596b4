// Runs side by side, as rows of a table: what differs from the base, where the extremes stand, and which columns the address names.
import type { Schemas } from "../api/client";
import { number, value } from "./format";

export type Comparison = Schemas["Comparison"];
export type Use = "last" | "min" | "max";

/** A run in the address: its id and the place its colour comes from, `a1b2.3`; a bare id has none yet. */
export interface Column {
  run: string;
  place: number | undefined;
}

export type Row =
  | { kind: "section"; name: string; note: string }
  | { kind: "values"; section: string; path: string; values: ReadonlyMap<string, unknown>; differs: boolean }
  | { kind: "metric"; section: string; path: string; values: ReadonlyMap<string, number | string>; differs: boolean; low: number | null; high: number | null };

/** The columns that `runs=` names, each run once, in their order. */
export function columnsOf(text: string): Column[] {
  const found = new Map<string, Column>();
  for (const part of text.split(",").map((each) => each.trim()).filter(Boolean)) {
    const [, run = part, place] = /^(.+?)(?:\.(\d{1,4}))?$/.exec(part) ?? [];
    if (!found.has(run)) found.set(run, { run, place: place === undefined ? undefined : Number(place) });
  }
  return [...found.values()].slice(0, 1000);
}

export const columnsText = (runs: readonly string[], places: ReadonlyMap<string, number>): string => runs.map((run) => `${run}.${places.get(run) ?? 0}`).join(",");

/** The list with `item` in the place of `target`; the others keep their order. */
export function moved<Item>(items: readonly Item[], item: Item, target: Item): Item[] {
  const to = items.indexOf(target);
  const rest = items.filter((each) => each !== item);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

/** Rows to draw: those that differ, or all; those whose path or any value holds `find`. */
export function rowsOf(comparison: Comparison, runs: readonly string[], wanted: { all: boolean; find: string; use: Use }): Row[] {
  const metrics = comparison.metrics.filter(({ metric }) => wanted.all || !metric.startsWith("system/")).map(({ metric, values }) => metricRow(metric, values, wanted.use));
  const parts: [string, Row[]][] = [
    ["Config", sideRows("Config", comparison.config, runs, wanted.all)],
    ["Metrics", metrics],
    ["Environment", sideRows("Environment", comparison.environment, runs, wanted.all)],
  ];
  return parts.flatMap(([name, rows]) => {
    const shown = rows.filter((row) => row.kind === "section" || matches(row, wanted.find));
    return [{ kind: "section" as const, name, note: noteOf(name, comparison, rows, shown, wanted) }, ...shown];
  });
}

function sideRows(section: string, sides: Schemas["Sides"], runs: readonly string[], all: boolean): Row[] {
  const different: Row[] = sides.different.map(({ path, values }) => ({ kind: "values", section, path, values: new Map(Object.entries(values)), differs: true }));
  if (!all) return different;
  const same: Row[] = Object.entries(sides.same).map(([path, held]) => ({ kind: "values", section, path, values: new Map(runs.map((run) => [run, held])), differs: false }));
  return [...different, ...same].sort((one, other) => (pathOf(one) < pathOf(other) ? -1 : 1));
}

function metricRow(metric: string, values: Schemas["MetricCompared"]["values"], use: Use): Row {
  const held = new Map(Object.entries(values).flatMap(([run, of]) => (of[use] === null ? [] : [[run, of[use]] as const])));
  const finite = [...held.values()].filter((each) => typeof each === "number");
  const [low, high] = extremes(finite);
  return { kind: "metric", section: "Metrics", path: metric, values: held, differs: new Set(held.values()).size > 1, low, high };
}

/** The smallest and the largest number; null for both when there are no two different ones, since then none stands out. */
export function extremes(values: readonly number[]): [number | null, number | null] {
  let low = Infinity;
  let high = -Infinity;
  for (const each of values) {
    if (each < low) low = each;
    if (each > high) high = each;
  }
  return low < high ? [low, high] : [null, null];
}

const pathOf = (row: Row): string => (row.kind === "section" ? row.name : row.path);

function matches(row: Exclude<Row, { kind: "section" }>, find: string): boolean {
  const wanted = find.trim().toLowerCase();
  if (!wanted || row.path.toLowerCase().includes(wanted)) return true;
  for (const each of row.values.values()) if (text(row, each).toLowerCase().includes(wanted)) return true;
  return false;
}

function noteOf(name: string, comparison: Comparison, rows: readonly Row[], shown: readonly Row[], wanted: { all: boolean; find: string }): string {
  const hidden = rows.length - shown.length;
  const found = wanted.find.trim() ? `, ${shown.length} found` : "";
  if (name === "Metrics") return `${rows.length} metrics${wanted.all ? "" : ", without those of the system"}${found}`;
  const sides = name === "Config" ? comparison.config : comparison.environment;
  const total = sides.different.length + Object.keys(sides.same).length;
  if (total === 0) return "nothing is known";
  if (sides.different.length === 0) return `all ${total} fields are the same${found}`;
  return `${sides.different.length} of ${total} fields differ${hidden > 0 ? found : ""}`;
}

/** A cell's value as it is written. */
export const text = (row: Row, held: unknown): string => (held === undefined ? "–" : row.kind === "metric" ? number(held as number | string) : value(held));

/** Whether two values are the same as JSON; what is missing is like nothing else. */
export const same = (one: unknown, other: unknown): boolean => one === other || (one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other));

/** The next row that differs, from the row `at` (-1: before the first) on, round to the other end; -1 when none does. */
export function nextDifference(rows: readonly Row[], at: number, step: 1 | -1): number {
  const places = rows.flatMap((row, place) => (row.kind !== "section" && row.differs ? [place] : []));
  if (places.length === 0) return -1;
  if (step === 1) return places.find((place) => place > at) ?? places[0]!;
  return places.findLast((place) => place < at) ?? places.at(-1)!;
}
