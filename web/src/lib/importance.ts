// How much of a metric each part of the config tells, one part at a time: simple measures that anybody can check.
import { explained, rankCorrelation } from "./statistics";

export interface Weight {
  /** A path of the config, as it is written in a filter. */
  key: string;
  /** Spearman's rank correlation with the metric; null when the values are no numbers. */
  rank: number | null;
  /** Share of the metric's variance that the key's value alone explains, beyond chance (epsilon squared; numbers of many values in quarters). */
  share: number | null;
  /** Runs that have both. */
  n: number;
  /** Different values. */
  values: number;
}

const LEAST_RUNS = 4;
const MOST_KINDS = 6;

/** Keys that vary among the runs, those that tell most first. `target` is the metric of each run, NaN where it has none. */
export function importance(configs: readonly Record<string, unknown>[], target: readonly number[]): Weight[] {
  const leaves = configs.map((config) => leavesOf(config));
  const keys = [...new Set(leaves.flatMap((each) => [...each.keys()]))];
  return keys
    .flatMap((key) => weight(key, leaves.map((each) => each.get(key)), target))
    .sort((a, b) => strength(b) - strength(a) || (a.key < b.key ? -1 : 1));
}

/** What a key is placed by: the greater of its share and its squared correlation. */
export const strength = ({ rank, share }: Weight): number => Math.max(share ?? 0, (rank ?? 0) ** 2);

function weight(key: string, values: readonly unknown[], target: readonly number[]): Weight[] {
  const both = values.flatMap((value, i) => (value !== undefined && Number.isFinite(target[i]) ? [[value, target[i]!] as const] : []));
  const different = new Set(both.map(([value]) => JSON.stringify(value)));
  if (both.length < LEAST_RUNS || different.size < 2) return [];
  const y = both.map(([, measured]) => measured);
  const numbers = both.map(([value]) => value);
  const isNumeric = numbers.every((value): value is number => typeof value === "number" && Number.isFinite(value));
  const rank = isNumeric ? rankCorrelation(numbers, y) : null;
  const groups = isNumeric && different.size > MOST_KINDS ? quarters(numbers) : both.map(([value]) => JSON.stringify(value));
  return [{ key, rank, share: explained(groups, y), n: both.length, values: different.size }];
}

/** In which quarter of all each value lies; equal ones in the same. */
function quarters(values: readonly number[]): string[] {
  const ranked = [...values].sort((a, b) => a - b);
  const edges = [0.25, 0.5, 0.75].map((share) => ranked[Math.floor(ranked.length * share)]!);
  return values.map((value) => String(edges.filter((edge) => value >= edge).length));
}

/** The leaves of a config by their path, lists as one value each. */
export function leavesOf(config: unknown, path = "config", found = new Map<string, unknown>()): Map<string, unknown> {
  if (config !== null && typeof config === "object" && !Array.isArray(config)) {
    for (const [name, below] of Object.entries(config)) leavesOf(below, `${path}.${/^\w+$/.test(name) ? name : `"${name}"`}`, found);
  } else if (config !== null && config !== undefined) {
    found.set(path, config);
  }
  return found;
}
