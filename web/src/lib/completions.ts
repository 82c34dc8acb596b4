// What can stand at the cursor of a filter, best first.
import type { Schemas } from "../api/client";
import { type Place, writtenValue } from "./filter-text";
import { PARTS, runKey } from "./run-keys";

export interface Completion {
  text: string;
  note: string;
}

const MOST = 14;
const STATES = ["queued", "running", "finished", "failed", "cancelled", "crashed"];
const NUMERIC = ["<", "<=", ">", ">=", "=", "!=", "is null", "is not null"];
const TEXTUAL = ["=", "!=", "in (", "not in (", "like", "ilike", "is null", "is not null"];

export function completions(place: Place, fields: Schemas["RunFields"] | undefined, facet: Schemas["RunFacet"] | undefined): Completion[] {
  switch (place.wants) {
    case "key": return matching(keys(fields, place.typed), place.typed);
    case "operator": return matching(operators(place.key, fields).map((text) => ({ text, note: "" })), place.typed);
    case "connective": return matching([{ text: "and", note: "" }, { text: "or", note: "" }], place.typed);
    case "null": return matching([{ text: "null", note: "nothing there" }, { text: "not null", note: "something there" }], place.typed);
    case "comma": return [{ text: ",", note: "another value" }, { text: ")", note: "that is all" }];
    case "value": case "list": return matching(values(place.key, facet), place.typed);
    case "text": return matching([{ text: "'%%'", note: "% stands for anything" }], place.typed);
  }
}

/** The keys of a project, each metric with its sums once something of it is typed. */
function keys(fields: Schemas["RunFields"] | undefined, typed: string): Completion[] {
  if (!fields) return [];
  const metrics = fields.metrics.flatMap(({ key, parts }) =>
    (typed.length > 1 ? [key, ...parts.filter((part) => part !== "last" && (PARTS as readonly string[]).includes(part)).map((part) => `${key}.${part}`)] : [key]).map((text) => ({ text, note: "metric" })));
  const config = fields.config.map(({ key }) => ({ text: key, note: "config" }));
  return [...metrics, ...config, { text: "tags", note: "tags" }, ...fields.fields.map(({ key, kind }) => ({ text: key, note: kind }))];
}

export function operators(key: string, fields: Schemas["RunFields"] | undefined): string[] {
  if (key === "tags") return ["in (", "not in ("];
  const kind = fields?.fields.find((field) => field.key === key)?.kind;
  const counted = fields?.config.find((field) => field.key === key);
  const numeric = runKey(key).root === "metric" || kind === "number" || kind === "time" || (counted !== undefined && counted.numbers >= counted.texts);
  return numeric ? [...NUMERIC, "in ("] : TEXTUAL;
}

function values(key: string, facet: Schemas["RunFacet"] | undefined): Completion[] {
  if (key.endsWith("_at")) return [1, 7, 30].map((days) => ({ text: writtenValue(new Date(Date.now() - days * 864e5).toISOString().slice(0, 10) + "T00:00:00Z"), note: days === 1 ? "a day ago" : `${days} days ago` }));
  if (!facet) return key === "state" ? STATES.map((state) => ({ text: writtenValue(state), note: "" })) : [];
  return facet.values.map(({ value, runs }) => ({ text: writtenValue(value), note: `${runs} ${runs === 1 ? "run" : "runs"}` }));
}

/** Those that hold what was typed, quotes aside; those that begin with it, or a part of them does, first. */
function matching(all: readonly Completion[], typed: string): Completion[] {
  const plain = (text: string) => text.toLowerCase().replace(/["'`]/g, "");
  const sought = plain(typed);
  const rank = ({ text }: Completion): number => {
    const held = plain(text);
    if (held === sought) return 0;
    if (held.startsWith(sought)) return 1;
    return held.split(/[./]/).some((part) => part.startsWith(sought)) ? 2 : held.includes(sought) ? 3 : 4;
  };
  return all.map((each) => ({ each, rank: rank(each) })).filter((each) => each.rank < 4).sort((a, b) => a.rank - b.rank).slice(0, MOST).map(({ each }) => each);
}
