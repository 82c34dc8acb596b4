// Fields of a form, read from a JSON Schema as the API gives it: what each takes, what it is without being given, what it means.

export interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: (string | number)[];
  default?: unknown;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  examples?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  [more: string]: unknown;
}

export interface Choice {
  kind: string;
  help: string;
  fields: Field[];
}

export type Shape =
  | { form: "object"; fields: Field[] }
  | { form: "union"; choices: Choice[] }
  | { form: "choice"; of: string[] }
  | { form: "switch" }
  | { form: "number"; words: string[] }
  | { form: "text"; examples: string[] }
  | { form: "list" }
  | { form: "json" };

/** `path` is dotted, from the top; `limits` say the range in words; `nullable`: null is a value of its own. */
export interface Field {
  path: string;
  title: string;
  help: string;
  limits: string;
  default: unknown;
  required: boolean;
  nullable: boolean;
  shape: Shape;
}

/** The fields of an object's schema, in its order. */
export function fieldsOf(schema: JsonSchema, root: JsonSchema = schema, above = ""): Field[] {
  return Object.entries(schema.properties ?? {}).filter(([, given]) => !isEmpty(given)).map(([name, given]) => field(given, root, above ? `${above}.${name}` : name, schema.required?.includes(name) ?? false));
}

function field(given: JsonSchema, root: JsonSchema, path: string, required: boolean): Field {
  const branches = given.anyOf?.filter((branch) => branch.type !== "null");
  const nullable = branches !== undefined && branches.length < given.anyOf!.length;
  const inner = resolved(branches?.length === 1 ? branches[0]! : given, root);
  return {
    path,
    title: titled(path),
    help: given.description ?? inner.description ?? "",
    limits: limits(inner.anyOf ? { ...inner.anyOf.find((branch) => branch.type !== "null") } : inner),
    default: given.default,
    required,
    nullable,
    shape: shape(inner, root, path),
  };
}

function shape(schema: JsonSchema, root: JsonSchema, path: string): Shape {
  if (schema.oneOf) return { form: "union", choices: schema.oneOf.map((branch) => choice(resolved(branch, root), root, path)) };
  if (schema.enum) return { form: "choice", of: schema.enum.map(String) };
  if (schema.anyOf) {
    const words = schema.anyOf.flatMap((branch) => (typeof branch.const === "string" ? [branch.const] : []));
    const numeric = schema.anyOf.some((branch) => branch.type === "integer" || branch.type === "number");
    return numeric ? { form: "number", words } : { form: "json" };
  }
  switch (schema.type) {
    case "object": return schema.properties ? { form: "object", fields: fieldsOf(schema, root, path).filter((inner) => !isFixed(schema, inner)) } : { form: "json" };
    case "boolean": return { form: "switch" };
    case "integer":
    case "number": return { form: "number", words: [] };
    case "array": return { form: "list" };
    case "string": return { form: "text", examples: schema.examples ?? [] };
    default: return { form: "json" };
  }
}

function choice(schema: JsonSchema, root: JsonSchema, path: string): Choice {
  const kind = schema.properties?.kind;
  return {
    kind: typeof kind?.const === "string" ? kind.const : "",
    help: kind?.description ?? schema.description ?? "",
    fields: fieldsOf(schema, root, path).filter((inner) => inner.path !== `${path}.kind`),
  };
}

/** What takes nothing but null, or is filled in by the service, is no question. */
const isEmpty = (given: JsonSchema): boolean => given.anyOf?.every((branch) => branch.type === "null") === true || given.description?.includes("filled in from its name") === true;

/** Neither is a field that takes one value. */
const isFixed = (schema: JsonSchema, inner: Field): boolean => schema.properties?.[inner.path.split(".").at(-1)!]?.const !== undefined;

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (!schema.$ref) return schema;
  const { $ref, ...beside } = schema;
  return { ...root.$defs?.[$ref.replace("#/$defs/", "")], ...beside };
}

const WHOLE: Record<string, string> = { lr: "Learning rate", sd: "Standard deviation", p: "Probability", eps: "Epsilon" };

/** "Total iterations", "Checkpoint every (s)" for a path's last name. */
export function titled(path: string): string {
  const words = path.split(".").at(-1)!.replace(/_s$/, " (s)").replaceAll("_", " ");
  if (words in WHOLE) return WHOLE[words]!;
  return words.replace(/^./, (first) => first.toUpperCase()).replace(/\blr\b/, "learning rate").replace(/\bsd\b/, "sd").replace(/\bp\b$/, "probability");
}

function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, type }: JsonSchema): string {
  if (type !== "integer" && type !== "number") return "";
  const low = exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : minimum !== undefined ? `at least ${minimum}` : "";
  const high = exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : maximum !== undefined && maximum < 1e9 ? `at most ${maximum}` : "";
  return [type === "integer" ? "whole number" : "", low, high].filter(Boolean).join(", ");
}

/** The fields that a config has with the kinds it names (of a union without one: its first), objects and unions before what they hold. */
export function active(fields: readonly Field[], at: (path: string) => unknown): Field[] {
  return fields.flatMap((one) => {
    const { shape: form } = one;
    if (form.form === "object") return one.nullable && at(one.path) == null ? [one] : [one, ...active(form.fields, at)];
    if (form.form === "union") return [one, ...active(chosen(form.choices, at(`${one.path}.kind`))?.fields ?? [], at)];
    return [one];
  });
}

export const chosen = (choices: readonly Choice[], kind: unknown): Choice | undefined => choices.find((one) => one.kind === kind) ?? (kind === undefined ? choices[0] : undefined);
