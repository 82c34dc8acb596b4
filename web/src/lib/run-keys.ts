// Keys of runs as filters, sorts and columns write them: name, config.optimizer.lr, metrics."val/loss".min, tags.

export type Part = "last" | "min" | "max" | "min_step" | "max_step" | "count" | "non_finite";
export const PARTS: readonly Part[] = ["last", "min", "max", "min_step", "max_step", "count", "non_finite"];

/** A key taken apart: `path` leads into a run as the API sends it; `part` is the sum of a metric that is meant. */
export interface RunKey {
  text: string;
  root: "field" | "config" | "metric";
  path: string[];
  part?: Part;
}

const SEGMENT = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^.,"`]+/y;

/** The pieces of a list by commas that stand outside quotes. */
export function pieces(list: string, separator = ","): string[] {
  const found: string[] = [];
  let from = 0;
  let quote = "";
  for (let at = 0; at < list.length; at += 1) {
    const letter = list[at]!;
    if (quote) quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "`" || letter === "'") quote = letter;
    else if (letter === separator) {
      found.push(list.slice(from, at));
      from = at + 1;
    }
  }
  return [...found, list.slice(from)].map((piece) => piece.trim()).filter(Boolean);
}

/** The names between a key's dots, without their quotes. */
function segments(text: string): { name: string; quoted: boolean }[] {
  const found: { name: string; quoted: boolean }[] = [];
  SEGMENT.lastIndex = 0;
  for (let match = SEGMENT.exec(text); match; match = SEGMENT.exec(text)) {
    const [written] = match;
    const quote = written[0]!;
    const quoted = quote === '"' || quote === "`";
    found.push({ name: quoted ? written.slice(1, -1).replaceAll(quote + quote, quote) : written, quoted });
    SEGMENT.lastIndex += 1; // the dot
  }
  return found;
}

export function runKey(text: string): RunKey {
  const found = segments(text);
  const root = found[0]?.name;
  const rest = found.slice(1);
  if (root === "metrics" && rest.length > 0) {
    const last = rest.at(-1)!;
    const part = rest.length > 1 && !last.quoted && (PARTS as readonly string[]).includes(last.name) ? (last.name as Part) : undefined;
    const metric = (part ? rest.slice(0, -1) : rest).map(({ name }) => name).join(".");
    return { text, root: "metric", path: ["metrics", metric], part: part ?? "last" };
  }
  return { text, root: root === "config" && rest.length > 0 ? "config" : "field", path: found.map(({ name }) => name) };
}

/** A metric's key as the API writes it: its name in double quotes. */
export const metricKey = (metric: string, part?: Part): string => `metrics."${metric.replaceAll('"', '""')}"${part ? `.${part}` : ""}`;

/** What a column's head says: the metric with its part, a config's path without "config", a field's words. */
export function keyLabel(text: string): string {
  const key = runKey(text);
  if (key.root === "metric") return key.part === "last" ? key.path[1]! : `${key.path[1]!} ${WORDS[key.part!] ?? key.part!}`;
  if (key.root === "config") return key.path.slice(1).join(".");
  return WORDS[text] ?? text.replaceAll("_", " ");
}

const WORDS: Record<string, string> = {
  min_step: "step of min", max_step: "step of max", non_finite: "not finite", created_at: "created", started_at: "started", finished_at: "ended",
  duration: "lasted", external_id: "SDK's id", rerun_of: "rerun of", job_type: "job type", config_digest: "config digest",
};

/** The end of a config's path that tells what it is: "norm" of model.norm.kind, "lr" of optimizer.lr, "dropout.p" of model.dropout.p. */
export function shortPath(path: string): string {
  const names = path.split(".");
  if (names.at(-1) === "kind" && names.length > 1) return names.at(-2)!;
  return names.slice(names.length > 2 ? -2 : -1).join(".");
}

/** What a run has at a key; undefined when it has nothing there. */
export function valueAt(run: object, key: RunKey): unknown {
  let at: unknown = run;
  for (const name of key.path) {
    if (at === null || typeof at !== "object") return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  if (key.root === "metric") return (at as Record<string, unknown> | undefined)?.[key.part!];
  return at;
}

/** Whether more of a metric is better, by its name: of accuracies and the like. */
export const moreIsBetter = (metric: string): boolean => /acc|f1|auc|precision|recall|bleu|rouge|score|reward|iou|map\b|r2|throughput/i.test(metric);
