// What groups can be sorted by: how many runs they have, the mean of a metric, what their runs agree on.
import { metricKey, pieces, runKey } from "./run-keys";
import type { SortKey } from "./sorting";

const ALL_BUT = "all_but:";

/** What a click on a column's head sorts groups by; "" when its runs need not agree on it. The column of names stands for how many there are. */
export function groupSortKey(column: string, group: string): string {
  if (column === "name") return "n";
  const { root, path } = runKey(column);
  if (root === "metric") return metricKey(path[1]!);
  return agreesOn(column, group) ? column : "";
}

/** Those of the keys that groups can be sorted by: an address may have been made for runs. */
export const groupSort = (keys: readonly SortKey[], group: string): SortKey[] =>
  keys.filter(({ key }) => key === "n" || runKey(key).root === "metric" || agreesOn(key, group));

function agreesOn(column: string, group: string): boolean {
  if (!group.startsWith(ALL_BUT)) return pieces(group).some((key) => path(key) === path(column));
  const at = path(column);
  const out = pieces(group.slice(ALL_BUT.length)).map((key) => path(key).replace(/^(?!config\.)/, "config."));
  return at.startsWith("config.") && !out.some((each) => at === each || at.startsWith(`${each}.`) || each.startsWith(`${at}.`));
}

const path = (key: string): string => runKey(key).path.join(".");
