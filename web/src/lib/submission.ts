// The same submission in other words: for a shell, for the command line, for Python, as a file.
import type { Config, Edit } from "./config-edit";
import { isObject } from "./config-edit";
import { toYaml } from "./yaml";

export interface Submission {
  project: string;
  config: Config;
  name?: string;
  tags?: string[];
  notes?: string;
  baseline?: string;
  allow_many_changes?: boolean;
}

/** From what the form began, when that was a run: its id, and what was changed of it. */
export interface Origin {
  run: string;
  changes: readonly Edit[];
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function asCurl(url: string, submission: Submission): string {
  const body = JSON.stringify(submission, null, 2).replaceAll("'", "'\\''");
  return `curl -s ${quoted(`${url}/api/v1/runs`)} \\\n  -H "Authorization: Bearer $RUNTWICE_API_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
}

export function asCommand(url: string, submission: Submission, origin: Origin | null): string {
  const where = `export RUNTWICE_URL=${quoted(url)} RUNTWICE_API_KEY=...\n`;
  const options = [
    origin?.run !== submission.baseline && submission.baseline ? `--baseline ${quoted(submission.baseline)}` : "",
    `--project ${quoted(submission.project)}`,
    submission.name ? `--name ${quoted(submission.name)}` : "",
    ...(submission.tags ?? []).map((tag) => `--tag ${quoted(tag)}`),
    submission.notes ? `--notes ${quoted(submission.notes)}` : "",
    submission.allow_many_changes ? "--allow-many-changes" : "",
  ].filter(Boolean);
  if (origin && origin.changes.every(({ value }) => value !== undefined)) {
    const sets = origin.changes.flatMap(settings).map(({ path, value }) => `--set ${quoted(`${path}=${flow(value)}`)}`);
    return `${where}runtwice submit --from ${quoted(origin.run)} ${[...sets, ...options].join(" ")}`;
  }
  return `${where}runtwice submit - ${options.join(" ")} <<'END'\n${toYaml(submission.config)}\nEND`;
}

/** A component of another kind: its kind first, then what it has beside. */
function settings({ path, value }: Edit): Edit[] {
  if (!isObject(value) || value.kind === undefined) return [{ path, value }];
  return Object.entries(value).sort(([one], [other]) => Number(other === "kind") - Number(one === "kind")).map(([name, inner]) => ({ path: `${path}.${name}`, value: inner }));
}

const flow = (value: unknown): string => toYaml([value]).slice(1, -1);

export function asPython(url: string, submission: Submission): string {
  return `import os, requests

answer = requests.post(
    ${python(`${url}/api/v1/runs`)},
    headers={"Authorization": f"Bearer {os.environ['RUNTWICE_API_KEY']}"},
    json=${python(submission, "    ")},
)
answer.raise_for_status()
print(answer.json()["id"])`;
}

/** A JSON value as Python writes it. */
export function python(value: unknown, indent = ""): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((inner) => python(inner, indent)).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const lines = Object.entries(value).filter(([, inner]) => inner !== undefined).map(([key, inner]) => `${indent}    ${JSON.stringify(key)}: ${python(inner, `${indent}    `)},`);
  return lines.length ? `{\n${lines.join("\n")}\n${indent}}` : "{}";
}
