// A config as people read it and hand it on: its leaves by path, as YAML, and as what submits it again.

export interface Leaf {
  path: string;
  value: unknown;
}

const isTable = (given: unknown): given is Record<string, unknown> => typeof given === "object" && given !== null && !Array.isArray(given);

/** Every value with its dotted path, in the order of the config; lists and empty tables are values. */
export function leaves(given: unknown, prefix = ""): Leaf[] {
  if (!isTable(given) || Object.keys(given).length === 0) return prefix ? [{ path: prefix, value: given }] : [];
  return Object.entries(given).flatMap(([key, value]) => leaves(value, prefix ? `${prefix}.${key}` : key));
}

/** What differs between two tables, by path: what one of them lacks is undefined there. */
export function differences(mine: unknown, other: unknown): { path: string; mine: unknown; other: unknown }[] {
  const theirs = new Map(leaves(other).map(({ path, value }) => [path, value]));
  const ours = new Map(leaves(mine).map(({ path, value }) => [path, value]));
  const paths = [...ours.keys(), ...[...theirs.keys()].filter((path) => !ours.has(path))];
  return paths.filter((path) => JSON.stringify(ours.get(path)) !== JSON.stringify(theirs.get(path))).map((path) => ({ path, mine: ours.get(path), other: theirs.get(path) }));
}

/** YAML 1.2 for what JSON can hold. Texts that could be read as something else are quoted. */
export function yaml(given: unknown, indent = ""): string {
  if (isTable(given) && Object.keys(given).length > 0) {
    return Object.entries(given).map(([key, value]) => `${indent}${word(key)}:${below(value, indent)}`).join("\n");
  }
  return `${indent}${scalar(given)}`;
}

const below = (value: unknown, indent: string): string => (isTable(value) && Object.keys(value).length > 0 ? `\n${yaml(value, `${indent}  `)}` : ` ${scalar(value)}`);

function scalar(value: unknown): string {
  if (typeof value === "string") return word(value);
  if (Array.isArray(value)) return `[${value.map(scalar).join(", ")}]`;
  if (typeof value === "number" && Number.isFinite(value)) return withPoint(value);
  return JSON.stringify(value ?? null);
}

/** 1e-5 is a text to readers of YAML 1.1: 1.0e-05 is a number to all. */
function withPoint(value: number): string {
  const text = String(value);
  return /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
}

const PLAIN = /^[A-Za-z_][\w./-]*( [\w./-]+)*$/;
const OTHERWISE = /^(true|false|yes|no|on|off|null|y|n|nan|inf)$/i;
const word = (text: string): string => (PLAIN.test(text) && !OTHERWISE.test(text) ? text : JSON.stringify(text));

/** A text as one word of a POSIX shell. */
export const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What submits this config again, once as an HTTP request and once by the command line. */
export function asCurl(origin: string, project: string, config: unknown): string {
  const body = JSON.stringify({ project, config }, null, 2);
  return `curl -s ${origin}/api/v1/runs \\\n  -H "Authorization: Bearer $RUNTWICE_API_KEY" -H 'Content-Type: application/json' \\\n  -d ${shell(body)}`;
}

export const asCommand = (origin: string, run: string): string => `export RUNTWICE_URL=${origin}\nruntwice submit --from ${run} --set seed=1   # the same config, but for what --set changes`;
