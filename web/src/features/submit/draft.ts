// What the form holds, in the address: a sparse config, or the run it began from and what was changed of it.
import { type Dispatch, type SetStateAction, useCallback, useEffect, useMemo, useState } from "react";
import { type Config, edited, type Edit, edits, isObject, withValue } from "../../lib/config-edit";
import { type Search, useAddress } from "../../lib/address";
import type { Submission } from "../../lib/submission";

export interface Draft {
  base: Config;
  config: Config;
  changes: Edit[];
  set: (path: string, value: unknown) => void;
  replace: Dispatch<SetStateAction<Config>>;
  details: Details;
  say: (changes: Partial<Details>) => void;
}

/** The run that a form began from. */
export interface Origin {
  id: string;
  project: string;
  config: Config;
}

/** What a submission has beside its config. */
export interface Details {
  project: string;
  name: string;
  tags: string;
  notes: string;
  baseline: string;
}

const FIRST: Config = { dataset: { name: "mnist5k" } };

/** The form's state, mirrored in the address a moment later. `origin` is the run it began from, if any: another one needs another form. */
export function useDraft(origin: Origin | null, defaultProject: string): Draft {
  const [search, change] = useAddress();
  const base = origin?.config ?? FIRST;
  const [config, replace] = useState(() => edited(base, keptEdits(search.set)));
  const [details, setDetails] = useState<Details>(() => ({
    project: search.project ?? origin?.project ?? defaultProject,
    name: search.name ?? "",
    tags: search.tags ?? "",
    notes: search.notes ?? "",
    baseline: search.baseline ?? origin?.id ?? "",
  }));
  const changes = useMemo(() => edits(base, config), [base, config]);
  const set = useCallback((path: string, value: unknown) => replace((before) => withValue(before, path, value)), []);
  const say = useCallback((given: Partial<Details>) => setDetails((before) => ({ ...before, ...given })), []);
  useEffect(() => {
    const timer = setTimeout(() => change({ ...details, baseline: details.baseline || (origin ? "none" : ""), set: written(changes) }), 300);
    return () => clearTimeout(timer);
  }, [change, changes, details, origin]);
  return { base, config, changes, set, replace, details, say };
}

/** The body of `POST /runs`. */
export function submission({ config, details }: Pick<Draft, "config" | "details">, allowMany: boolean): Submission {
  const tags = details.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
  return {
    project: details.project.trim(),
    ...(details.name.trim() && { name: details.name.trim() }),
    ...(tags.length && { tags }),
    ...(details.notes.trim() && { notes: details.notes.trim() }),
    ...(baselineOf(details) && { baseline: baselineOf(details) }),
    ...(allowMany && { allow_many_changes: true }),
    config,
  };
}

export const baselineOf = ({ baseline }: Details): string => (baseline === "none" ? "" : baseline.trim());

const written = (changes: readonly Edit[]): string => (changes.length ? JSON.stringify(changes.map(({ path, value }) => (value === undefined ? [path] : [path, value]))) : "");

/** Edits as the address has them: `[["optimizer.lr", 0.1], ["seed"]]`; an address that was cut off has none. */
function keptEdits(text: Search[string] | undefined): Edit[] {
  if (!text) return [];
  try {
    const given: unknown = JSON.parse(text);
    if (!Array.isArray(given)) return [];
    return given.flatMap((pair: unknown) => (Array.isArray(pair) && typeof pair[0] === "string" ? [{ path: pair[0], value: pair[1] as unknown }] : []));
  } catch {
    return [];
  }
}

/** A config, or a whole submission with one, as it was pasted. */
export function pasted(value: unknown): { config: Config; details: Partial<Details> } {
  if (!isObject(value)) throw new Error("This is no config: it takes an object with at least dataset.");
  if (!isObject(value.config) || "dataset" in value) return { config: value, details: {} };
  const text = (name: string) => (typeof value[name] === "string" ? { [name]: value[name] } : {});
  const tags = Array.isArray(value.tags) ? { tags: value.tags.map(String).join(", ") } : {};
  return { config: value.config, details: { ...text("project"), ...text("name"), ...text("notes"), ...text("baseline"), ...tags } };
}
