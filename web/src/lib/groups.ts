// Groups of runs: what each is called among the others, and the filter that finds its runs.
import { value } from "./format";
import { keyLabel, moreIsBetter } from "./run-keys";

export interface Grouped {
  key: Record<string, unknown>;
  n: number;
  runs: string[];
}

/** The keys in which groups are not all alike; all of them when there is only one group, and few keys. */
export function telling(groups: readonly Grouped[]): string[] {
  const keys = [...new Set(groups.flatMap(({ key }) => Object.keys(key)))];
  const differing = keys.filter((key) => new Set(groups.map((group) => JSON.stringify(group.key[key] ?? null))).size > 1);
  return differing.length > 0 || keys.length > 3 ? differing : keys;
}

/** "norm.kind batch · optimizer.lr 0.1": a group's values of the keys that tell groups apart; of more than three keys, those in which it is not as most runs are. */
export function groupNames(groups: readonly Grouped[]): Map<Grouped, string> {
  const keys = telling(groups);
  const usual = new Map(keys.length > 3 ? keys.map((key) => [key, mostHave(groups, key)]) : []);
  return new Map(groups.map((group) => {
    const own = keys.filter((key) => usual.get(key) !== JSON.stringify(group.key[key] ?? null));
    const [first = "", ...rest] = own.sort((a, b) => Number(b.endsWith(".kind")) - Number(a.endsWith(".kind"))).flatMap((key) => said(key, group.key[key]));
    return [group, [first, ...rest].filter(Boolean).join(" · ") || (usual.size > 0 ? "the usual config" : keys.length > 0 ? `no ${keys.map(keyLabel).join(", ")}` : "all alike")];
  }));
}

const said = (key: string, of: unknown): string[] => (of === null || of === undefined ? [] : [`${keyLabel(key)} ${value(of)}`]);

/** The value that most runs have at a key, as JSON. */
function mostHave(groups: readonly Grouped[], key: string): string {
  const runs = new Map<string, number>();
  for (const group of groups) {
    const of = JSON.stringify(group.key[key] ?? null);
    runs.set(of, (runs.get(of) ?? 0) + group.n);
  }
  return [...runs].reduce((most, each) => (each[1] > most[1] ? each : most), ["null", 0] as const)[0];
}

const text = (of: string): string => `'${of.replaceAll("'", "''")}'`;

/** The condition that all runs of a group meet, and no other. Groups of at most a hundred go by their runs' ids. */
export function groupFilter({ key, n, runs }: Grouped): string {
  if (n <= runs.length) return `id in (${runs.map(text).join(", ")})`;
  return Object.entries(key).map(([name, of]) => (of === null ? `${name} is null` : `${name} = ${written(of)}`)).join(" and ");
}

function written(of: unknown): string {
  if (typeof of === "number") return String(of);
  return typeof of === "string" ? text(of) : text(JSON.stringify(of));
}

/** The value of the worst run of a spread. */
export const worst = (metric: string, { min, max }: { min: number | null; max: number | null }): number | null => (moreIsBetter(metric) ? min : max);

/** Two conditions that must both hold; either may be empty. */
export const both = (one: string, other: string): string => (one && other ? `(${one}) and ${other}` : one || other);
