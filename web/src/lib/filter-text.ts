// A filter while it is typed: its tokens, and what may stand where the cursor is. The API alone says whether it is right.

export interface Token {
  kind: "key" | "word" | "number" | "text" | "mark";
  text: string;
  from: number;
  to: number;
}

export type Wants = "key" | "operator" | "value" | "text" | "list" | "comma" | "null" | "connective";

/** What belongs at the cursor; `from` to `to` is what a completion takes the place of, `typed` what of it stands before the cursor. */
export interface Place {
  wants: Wants;
  typed: string;
  from: number;
  to: number;
  key: string;
}

const TOKEN = /(?<text>'(?:[^']|'')*'?)|(?<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))|(?<key>(?:\w+|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?)(?:\.(?:\w+|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?)?)*)|(?<mark>!=|<=|>=|[=<>(),])|\s+|./gsy;
const WORDS = new Set(["and", "or", "not", "in", "like", "ilike", "is", "null", "true", "false"]);

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const groups = match.groups!;
    const kind = (["text", "number", "key", "mark"] as const).find((name) => groups[name] !== undefined);
    if (!kind) continue;
    const word = kind === "key" && WORDS.has(match[0].toLowerCase());
    found.push({ kind: word ? "word" : kind, text: match[0], from: match.index, to: match.index + match[0].length });
  }
  return found;
}

/** What may stand at the cursor. */
export function placeAt(text: string, cursor: number): Place {
  let wants: Wants = "key";
  let key = "";
  const all = tokens(text);
  for (const token of all) {
    const touched = token.kind !== "mark" && token.from < cursor && cursor <= token.to;
    if (token.from >= cursor || touched) return { wants, key, typed: touched ? text.slice(token.from, cursor) : "", from: touched ? token.from : cursor, to: touched ? token.to : cursor };
    if (wants === "key" && token.kind === "key") key = token.text;
    wants = next(wants, token);
  }
  return { wants, key, typed: "", from: cursor, to: cursor };
}

function next(wants: Wants, token: Token): Wants {
  const word = token.kind === "word" ? token.text.toLowerCase() : "";
  switch (wants) {
    case "key": return token.kind === "key" ? "operator" : "key";
    case "operator":
      if (word === "is") return "null";
      if (word === "in") return "list";
      if (word === "like" || word === "ilike") return "text";
      return token.kind === "mark" && token.text !== "(" ? "value" : "operator";
    case "list": return token.text === "(" ? "list" : token.text === ")" ? "connective" : "comma";
    case "comma": return token.text === ")" ? "connective" : "list";
    case "null": return word === "not" ? "null" : "connective";
    case "value": case "text": return "connective";
    case "connective": return word === "and" || word === "or" ? "key" : "connective";
  }
}

/** A value as a filter writes it. */
export const writtenValue = (value: string | number): string => (typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`);
