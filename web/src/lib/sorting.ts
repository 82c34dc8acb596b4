// How a table is sorted, as the address and the API write it: keys by commas, a minus before those that descend.
import { moreIsBetter, pieces, runKey } from "./run-keys";

export interface SortKey {
  key: string;
  descends: boolean;
}

const UNSORTED = new Set(["change", "tags", "progress", "queue_position", "waiting_for", "reproduced", "studies"]);
export const MOST_KEYS = 5;

export const readSort = (text: string): SortKey[] => pieces(text).map((piece) => ({ key: piece.replace(/^-\s*/, ""), descends: piece.startsWith("-") }));

export const writeSort = (keys: readonly SortKey[]): string => keys.map(({ key, descends }) => `${descends ? "-" : ""}${key}`).join(",");

/** Whether the API can sort by a column. */
export function sortable(key: string): boolean {
  const { part } = runKey(key);
  return !UNSORTED.has(key) && part !== "max_step" && part !== "non_finite";
}

/** What a click on a column's head leads to: best (or newest) first, the other way, not at all. With `adds`, the other keys stay. */
export function clicked(keys: readonly SortKey[], key: string, adds: boolean): SortKey[] {
  const before = keys.find((each) => each.key === key);
  const first = descendsFirst(key);
  const next = before === undefined ? { key, descends: first } : before.descends === first ? { key, descends: !first } : undefined;
  if (!adds) return next ? [next] : [];
  if (before) return keys.flatMap((each) => (each.key === key ? (next ? [next] : []) : [each]));
  return next && keys.length < MOST_KEYS ? [...keys, next] : [...keys];
}

function descendsFirst(key: string): boolean {
  const { root, path } = runKey(key);
  return root === "metric" ? moreIsBetter(path[1]!) : key === "n" || key.endsWith("_at");
}
