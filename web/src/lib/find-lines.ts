// Searching the lines of a log.

export interface Found {
  /** Numbers of the lines that match, ascending; at most `MOST`. */
  lines: number[];
  more: boolean;
  trouble: string | null;
}

export const MOST = 10_000;

/** What a search looks for, ready to be tried on a line; a bad regular expression is told in words. */
export function pattern(text: string, isRegex: boolean): RegExp | string {
  const source = isRegex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  try {
    return new RegExp(source, /[A-Z]/.test(text) ? "" : "i");
  } catch (error) {
    return `Not a regular expression: ${error instanceof Error ? error.message.replace(/^Invalid regular expression: /, "") : String(error)}`;
  }
}

/** Where lines match a text or a regular expression; capitals count when the text has some. */
export function findLines(lines: readonly string[], text: string, isRegex: boolean): Found {
  if (!text) return { lines: [], more: false, trouble: null };
  const wanted = pattern(text, isRegex);
  if (typeof wanted === "string") return { lines: [], more: false, trouble: wanted };
  const found: number[] = [];
  for (let place = 0; place < lines.length; place += 1) {
    if (!wanted.test(lines[place]!)) continue;
    if (found.length === MOST) return { lines: found, more: true, trouble: null };
    found.push(place);
  }
  return { lines: found, more: false, trouble: null };
}

/** A line in pieces, every second of which matches. */
export function pieces(line: string, text: string, isRegex: boolean): string[] {
  const wanted = text ? pattern(text, isRegex) : "";
  if (typeof wanted === "string") return [line];
  const made: string[] = [];
  let at = 0;
  for (const match of line.matchAll(new RegExp(wanted, `${wanted.flags}g`))) {
    if (!match[0] || made.length > 200) continue;
    made.push(line.slice(at, match.index), match[0]);
    at = match.index + match[0].length;
  }
  return [...made, line.slice(at)];
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");

/** A line as a terminal would leave it: without colour codes, and only what stands after the last return. */
export const plainLine = (line: string): string => {
  const text = line.includes("\u001b") ? line.replace(ESCAPES, "") : line;
  const kept = text.replace(/\r+$/, "");
  return kept.slice(kept.lastIndexOf("\r") + 1);
};
