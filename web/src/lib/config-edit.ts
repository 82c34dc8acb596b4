// A config as a form holds it: read and changed by dotted paths, never in place; and what was changed of another one.

export type Config = Record<string, unknown>;

export const isObject = (given: unknown): given is Config => typeof given === "object" && given !== null && !Array.isArray(given);

/** The value at a path; undefined where there is none. */
export function valueAt(config: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), config);
}

/** The config with another value at a path. Undefined takes it away, and with it objects that hold nothing any more. */
export function withValue(config: Config, path: string, value: unknown): Config {
  const [name = "", ...rest] = path.split(".");
  const inner = config[name];
  const next = rest.length ? withValue(isObject(inner) ? inner : {}, rest.join("."), value) : value;
  const gone = next === undefined || (rest.length > 0 && isObject(next) && Object.keys(next).length === 0);
  if (!gone) return { ...config, [name]: next };
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== name));
}

export interface Edit {
  path: string;
  value: unknown;
}

/** The fewest values to set on `base` to get `config`; a component of another kind is set whole. Undefined: taken away. */
export function edits(base: Config, config: Config, above = ""): Edit[] {
  const names = [...new Set([...Object.keys(base), ...Object.keys(config)])];
  return names.flatMap((name) => {
    const [before, after, path] = [base[name], config[name], above ? `${above}.${name}` : name];
    if (same(before, after)) return [];
    if (isObject(before) && isObject(after) && before.kind === after.kind) return edits(before, after, path);
    return [{ path, value: after }];
  });
}

export const edited = (base: Config, changes: readonly Edit[]): Config => changes.reduce((config, { path, value }) => withValue(config, path, value), base);

/** Equal as JSON, whatever the order of keys. */
export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((value, place) => same(value, other[place]));
  if (isObject(one) && isObject(other)) return Object.keys(one).length === Object.keys(other).length && Object.entries(one).every(([key, value]) => same(value, other[key]));
  return Object.is(one, other);
}
