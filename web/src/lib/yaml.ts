// Configs as YAML: written in its plainest form, read where it is plain (maps by indentation, lists, flow collections, scalars, comments).
import { isObject } from "./config-edit";

const PLAIN = /^[A-Za-z_][\w./-]*( [\w./-]+)*$/;
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** A value as YAML 1.2: objects in blocks, lists in one line. */
export function toYaml(value: unknown, indent = ""): string {
  if (!isObject(value)) return inline(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.map(([key, inner]) => (isObject(inner) && Object.keys(inner).length ? `${indent}${name(key)}:\n${toYaml(inner, `${indent}  `)}` : `${indent}${name(key)}: ${inline(inner)}`)).join("\n");
}

const name = (key: string): string => (PLAIN.test(key) && !WORDS.test(key) ? key : JSON.stringify(key));

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([key, inner]) => `${name(key)}: ${inline(inner)}`).join(", ")}}`;
  if (typeof value === "string") return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? "null";
}

/** What could not be read, and in which line. */
export class Unreadable extends Error {}

interface Line {
  number: number;
  indent: number;
  text: string;
}

/** The value of a JSON or YAML text. Raises Unreadable. */
export function fromText(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) {
    try {
      return JSON.parse(trimmed);
    } catch { /* it may be YAML's flow form */ }
  }
  const lines = text.split("\n").flatMap((raw, place): Line[] => {
    const line = withoutComment(raw.replace(/\r$/, ""));
    if (!line.trim() || line.trim() === "---") return [];
    if (/^ *\t/.test(line)) throw new Unreadable(`Line ${place + 1}: YAML indents with spaces, here is a tab.`);
    return [{ number: place + 1, indent: line.length - line.trimStart().length, text: line.trim() }];
  });
  if (!lines.length) throw new Unreadable("There is nothing in it.");
  const rest = [...lines];
  const value = block(rest, lines[0]!.indent);
  if (rest.length) throw new Unreadable(`Line ${rest[0]!.number}: this does not belong to what stands above it: ${rest[0]!.text.slice(0, 60)}`);
  return value;
}

function withoutComment(line: string): string {
  let quote = "";
  for (let place = 0; place < line.length; place += 1) {
    const character = line[place]!;
    if (quote) quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "#" && (place === 0 || /\s/.test(line[place - 1]!))) return line.slice(0, place);
  }
  return line;
}

function block(lines: Line[], indent: number): unknown {
  const first = lines[0]!;
  if (/^-( |$)/.test(first.text)) return items(lines, indent);
  if (/^[[{]/.test(first.text) || keyOf(first) === null) {
    lines.shift();
    return new Flow(first).whole();
  }
  const found: Record<string, unknown> = {};
  while (lines[0]?.indent === indent) {
    const line = lines.shift()!;
    const pair = keyOf(line);
    if (!pair) throw new Unreadable(`Line ${line.number}: this needs the form "name: value", it is ${line.text.slice(0, 60)}`);
    if (Object.hasOwn(found, pair.key)) throw new Unreadable(`Line ${line.number}: ${pair.key} stands twice.`);
    const deeper = lines[0] && (lines[0].indent > indent || (lines[0].indent === indent && /^-( |$)/.test(lines[0].text)));
    Object.defineProperty(found, pair.key, { value: pair.rest ? new Flow({ ...line, text: pair.rest }).whole() : deeper ? block(lines, lines[0].indent) : null, enumerable: true, configurable: true, writable: true });
  }
  return found;
}

function items(lines: Line[], indent: number): unknown[] {
  const found: unknown[] = [];
  while (lines[0]?.indent === indent && /^-( |$)/.test(lines[0].text)) {
    const line = lines.shift()!;
    const text = line.text.slice(1).trim();
    if (!text) {
      found.push(lines[0] && lines[0].indent > indent ? block(lines, lines[0].indent) : null);
    } else {
      lines.unshift({ number: line.number, indent: indent + line.text.indexOf(text), text });
      found.push(block(lines, lines[0].indent));
    }
  }
  return found;
}

function keyOf({ text }: Line): { key: string; rest: string } | null {
  const found = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s[\]{},:"'][^:]*?)\s*:(?:\s+(.*))?$/.exec(text);
  return found ? { key: String(scalar(found[1]!)), rest: (found[2] ?? "").trim() } : null;
}

class Flow {
  private place = 0;

  constructor(private readonly line: Line) {}

  whole(): unknown {
    const value = this.value(false);
    this.space();
    if (this.place < this.line.text.length) this.fail("this is too much");
    return value;
  }

  private value(inside: boolean): unknown {
    this.space();
    const { text } = this.line;
    if (text[this.place] === "[") return this.list();
    if (text[this.place] === "{") return this.map();
    const end = inside ? /^("(?:[^"\\]|\\.)*"|'[^']*'|[^,\]}]*)/ : /^("(?:[^"\\]|\\.)*"|'[^']*'|.*)/;
    const found = end.exec(text.slice(this.place))![0];
    this.place += found.length;
    return scalar(found.trim());
  }

  private list(): unknown[] {
    const found: unknown[] = [];
    for (this.place += 1; !this.closes("]"); this.comma("]")) found.push(this.value(true));
    return found;
  }

  private map(): Record<string, unknown> {
    const found: [string, unknown][] = [];
    for (this.place += 1; !this.closes("}"); this.comma("}")) {
      const key = /^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^:,{}[\]]+?)\s*:/.exec(this.line.text.slice(this.place));
      if (!key) this.fail("here a name and a colon are missing");
      this.place += key[0].length;
      found.push([String(scalar(key[1]!)), this.value(true)]);
    }
    return Object.fromEntries(found);
  }

  private closes(end: string): boolean {
    this.space();
    if (this.line.text[this.place] !== end) return false;
    this.place += 1;
    return true;
  }

  private comma(end: string): void {
    this.space();
    if (this.line.text[this.place] === ",") this.place += 1;
    else if (this.line.text[this.place] !== end) this.fail(`here a comma or ${end} is missing (a list must stand in one line)`);
  }

  private space(): void {
    while (this.line.text[this.place] === " ") this.place += 1;
  }

  private fail(words: string): never {
    throw new Unreadable(`Line ${this.line.number}: ${words}: ${this.line.text.slice(this.place, this.place + 40) || "the line ends"}`);
  }
}

function scalar(text: string): unknown {
  if (text.startsWith('"')) {
    try {
      return JSON.parse(text) as string;
    } catch {
      throw new Unreadable(`${text.slice(0, 60)} is no text in quotes.`);
    }
  }
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (/^(null|~|)$/i.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  return text;
}
