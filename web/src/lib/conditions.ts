// A filter as conditions that must all hold: what the builder edits, and what is counted one by one when nothing is left.
import { tokens, writtenValue } from "./filter-text";

/** `operator` is "" for a condition that only its text can say. */
export interface Condition {
  text: string;
  key: string;
  operator: string;
  values: string[];
}

export const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "not like", "not ilike", "is null", "is not null"];

/** The conditions that "and" joins outside brackets; one alone when an "or" stands there. */
export function conditions(filter: string): Condition[] {
  let depth = 0;
  let from = 0;
  const parts: string[] = [];
  for (const { kind, text, from: at, to } of tokens(filter)) {
    if (kind === "mark") depth += text === "(" ? 1 : text === ")" ? -1 : 0;
    if (depth > 0 || kind !== "word") continue;
    if (text.toLowerCase() === "or") return [whole(`(${filter.trim()})`)];
    if (text.toLowerCase() === "and") {
      parts.push(filter.slice(from, at));
      from = to;
    }
  }
  return [...parts, filter.slice(from)].map((part) => part.trim()).filter(Boolean).map(condition);
}

const whole = (text: string): Condition => ({ text, key: "", operator: "", values: [] });

function condition(text: string): Condition {
  const [key, ...rest] = tokens(text);
  if (key?.kind !== "key") return whole(text);
  const values = rest.filter(({ kind, text: of }) => kind === "text" || kind === "number" || /^(true|false)$/i.test(of));
  const operator = rest.filter((token) => !values.includes(token) && !["(", ")", ","].includes(token.text)).map(({ text: of }) => of.toLowerCase()).join(" ");
  if (!OPERATORS.includes(operator) || (takesValue(operator) ? values.length === 0 : values.length > 0)) return whole(text);
  if (!operator.endsWith("in") && values.length > 1) return whole(text);
  return { text, key: key.text, operator, values: values.map((token) => (token.kind === "text" ? token.text.slice(1, -1).replaceAll("''", "'") : token.text)) };
}

export const takesValue = (operator: string): boolean => !operator.startsWith("is");

/** A condition's text made of its parts; values that look like numbers are numbers, but where a text is compared. */
export function written({ key, operator, values }: Omit<Condition, "text">): string {
  const value = (of: string) => (!operator.includes("like") && of.trim() !== "" && Number.isFinite(Number(of)) ? of.trim() : writtenValue(of));
  if (!takesValue(operator)) return `${key} ${operator}`;
  return operator.endsWith("in") ? `${key} ${operator} (${values.map(value).join(", ")})` : `${key} ${operator} ${value(values[0] ?? "")}`;
}

export const joined = (all: readonly { text: string }[]): string => all.map(({ text }) => text).join(" and ");
