// Changes of a study as somebody types them: which fields of a config there are, and values read from a text.
import type { Schemas } from "../api/client";

interface Schema {
  const?: unknown;
  enum?: unknown[];
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** A field that can be set: `choices` when it takes certain values alone, `list` when one value of it is a list. */
export interface ChangeField {
  path: string;
  help: string;
  choices: string[];
  list: boolean;
}

/** Every field of a config's JSON Schema by its dotted path, each once, whichever kinds have it. */
export function changeFields(schema: unknown): ChangeField[] {
  const root = schema as Schema;
  const found = new Map<string, ChangeField>();
  collect(root, root, "", found);
  return [...found.values()];
}

function collect(given: Schema, root: Schema, path: string, found: Map<string, ChangeField>): void {
  const schema = resolved(given, root);
  const branches = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map((branch) => resolved(branch, root)).filter((branch) => branch.type !== "null");
  if (branches.some((branch) => branch.properties)) {
    for (const branch of branches) collect(branch, root, path, found);
  } else if (schema.properties) {
    for (const [name, inner] of Object.entries(schema.properties)) collect(inner, root, path ? `${path}.${name}` : name, found);
  } else if (path) {
    add(found, path, schema, branches);
  }
}

function add(found: Map<string, ChangeField>, path: string, schema: Schema, branches: readonly Schema[]): void {
  const all = [schema, ...branches];
  const values = all.flatMap((each) => [...(each.enum ?? []), ...(each.const === undefined ? [] : [each.const])]);
  const choices = all.some((each) => each.type === "boolean") ? [true, false] : values;
  const before = found.get(path);
  found.set(path, {
    path,
    help: path.endsWith(".kind") ? "which kind; the rest takes that kind’s defaults" : (before?.help ?? schema.description ?? ""),
    choices: [...new Set([...(before?.choices ?? []), ...choices.map(String)])],
    list: (before?.list ?? false) || all.some((each) => each.type === "array"),
  });
}

function resolved(schema: Schema, root: Schema): Schema {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  return { ...root.$defs?.[$ref.replace("#/$defs/", "")], ...beside };
}

/** A change as it is typed: a text of values for each field; `many` allows that several factors change at once. */
export interface Draft {
  name: string;
  parts: { path: string; text: string }[];
  many: boolean;
}

export const EMPTY: Draft = { name: "", parts: [{ path: "", text: "" }], many: false };

/** The values of a text: JSON where it is, else words. "0.1, 0.5", "batch", "[64], [128]", "full". */
export function valuesOf(text: string): unknown[] {
  const whole = parsed(`[${text}]`);
  if (Array.isArray(whole)) return whole;
  return text.split(",").map((each) => each.trim()).filter(Boolean).map((each) => parsed(each) ?? each);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What is sent for a draft; none while no field of it has both a path and a value. */
export function changeOf(draft: Draft): Schemas["NewChange"] | undefined {
  const set = Object.fromEntries(draft.parts.flatMap(({ path, text }) => {
    const values = valuesOf(text);
    return path.trim() && values.length ? [[path.trim(), values.length === 1 ? values[0] : values]] : [];
  }));
  if (Object.keys(set).length === 0) return undefined;
  const name = draft.name.trim();
  return { ...(name && { name }), set, factors: draft.many ? "many" : "one" };
}

/** What the service says of each draft (of those that were sent), by the draft's place. */
export function errorsByDraft(drafts: readonly Draft[], errors: readonly { pointer: string; detail: string }[]): Map<number, string[]> {
  const sent = drafts.flatMap((draft, place) => (changeOf(draft) ? [place] : []));
  const found = new Map<number, string[]>();
  for (const { pointer, detail } of errors) {
    const place = sent[Number(/^\/changes\/(\d+)/.exec(pointer)?.[1] ?? -1)];
    if (place !== undefined) found.set(place, [...(found.get(place) ?? []), detail]);
  }
  return found;
}
