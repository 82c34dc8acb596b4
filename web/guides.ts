// The guides in docs/ as data for the page: a tree of blocks and spans that React draws, never markup. One module a guide, and one that lists them.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { lexer, type Token, type Tokens } from "marked";
import type { Plugin } from "vite";
import type { Block, GuideListed, Span } from "./src/features/docs/blocks";

const LIST = "virtual:guides";
const ONE = "virtual:guide/";
const FIRST = ["guide/quick-start", "guide/page", "guide/submit", "guide/studies", "guide/compare", "guide/reproduce", "guide/diagnose"];

/** Makes `virtual:guides` (the list) and `virtual:guide/<path>` (the blocks of one) of the Markdown files below `folder`. */
export function guides(folder: string): Plugin {
  const paths = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md")).map((name) => name.replaceAll("\\", "/").slice(0, -3)).sort(byUse);
  const read = (path: string) => blocksOf(readFileSync(join(folder, `${path}.md`), "utf8"), path, new Set(paths()));
  return {
    name: "guides",
    resolveId: (id) => (id === LIST || id.startsWith(ONE) ? `\0${id}` : undefined),
    load(id) {
      if (id === `\0${LIST}`) {
        const list = paths().map((path) => listed(path, read(path)));
        const loaders = list.map(({ path }) => `${JSON.stringify(path)}: () => import(${JSON.stringify(ONE + path)})`);
        return `export const list = ${JSON.stringify(list)};\nexport const load = {${loaders.join(",\n")}};`;
      }
      return id.startsWith(`\0${ONE}`) ? `export const blocks = ${JSON.stringify(read(id.slice(ONE.length + 1)))};` : undefined;
    },
  };
}

const order = (path: string): number => (FIRST.includes(path) ? FIRST.indexOf(path) : path.startsWith("guide/") ? 50 : path.startsWith("decisions/") ? 200 : 100);
const byUse = (one: string, other: string): number => order(one) - order(other) || (one < other ? -1 : 1);

function listed(path: string, blocks: Block[]): GuideListed {
  const headings = blocks.flatMap((block) => (block.is === "heading" ? [{ depth: block.depth, id: block.id, words: plain(block.spans) }] : []));
  return { path, title: headings[0]?.words ?? path, headings: headings.slice(1) };
}

export const plain = (spans: Span[]): string => spans.map((span) => (typeof span === "string" ? span : span.is === "break" ? " " : span.is === "code" ? span.text : plain(span.spans))).join("");

/** The blocks of a Markdown text; `path` is where it stands, to which its links are relative. */
export function blocksOf(text: string, path: string, known: ReadonlySet<string>): Block[] {
  const ids = new Map<string, number>();
  const block = (token: Token): Block[] => {
    switch (token.type) {
      case "heading": {
        const spans = spansOf((token as Tokens.Heading).tokens);
        return [{ is: "heading", depth: (token as Tokens.Heading).depth, id: unique(slug(plain(spans)), ids), spans }];
      }
      case "paragraph":
      case "text": return [{ is: "paragraph", spans: spansOf((token as Tokens.Paragraph).tokens ?? [token]) }];
      case "code": return [{ is: "code", text: (token as Tokens.Code).text.trimEnd() }];
      case "blockquote": return [{ is: "quote", blocks: (token as Tokens.Blockquote).tokens.flatMap(block) }];
      case "list": return [{ is: "list", ordered: (token as Tokens.List).ordered, items: (token as Tokens.List).items.map((item) => item.tokens.flatMap(block)) }];
      case "table": return [{ is: "table", head: (token as Tokens.Table).header.map((cell) => spansOf(cell.tokens)), rows: (token as Tokens.Table).rows.map((row) => row.map((cell) => spansOf(cell.tokens))) }];
      case "hr": return [{ is: "rule" }];
      case "html": return [{ is: "paragraph", spans: [(token as Tokens.HTML).text] }];
      default: return [];
    }
  };
  const spansOf = (tokens: Token[]): Span[] => tokens.flatMap(span);
  const span = (token: Token): Span[] => {
    switch (token.type) {
      case "codespan": return [{ is: "code", text: (token as Tokens.Codespan).text }];
      case "strong": return [{ is: "strong", spans: spansOf((token as Tokens.Strong).tokens) }];
      case "em": return [{ is: "em", spans: spansOf((token as Tokens.Em).tokens) }];
      case "br": return [{ is: "break" }];
      case "link": {
        const spans = spansOf((token as Tokens.Link).tokens);
        const target = resolved((token as Tokens.Link).href, path, known);
        return target ? [{ is: "link", ...target, spans }] : spans;
      }
      case "image": return [(token as Tokens.Image).text];
      case "text": return (token as Tokens.Text).tokens ? spansOf((token as Tokens.Text).tokens!) : [(token as Tokens.Text).text];
      case "escape": return [(token as Tokens.Escape).text];
      case "html": return [(token as Tokens.Tag).text];
      default: return [];
    }
  };
  return lexer(text).flatMap(block);
}

/** Where a link leads: to a guide of the page, or to another site. Null for files that the page does not have. */
function resolved(href: string, path: string, known: ReadonlySet<string>): { guide: string; hash: string } | { href: string } | null {
  if (/^https?:\/\//.test(href)) return { href };
  const [file = "", hash = ""] = href.split("#", 2);
  const target = file ? posix.join(posix.dirname(path), file).replace(/\.md$/, "") : path;
  return known.has(target) && (!file || file.endsWith(".md")) ? { guide: target, hash } : null;
}

const slug = (words: string): string => words.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");

function unique(id: string, ids: Map<string, number>): string {
  const count = ids.get(id) ?? 0;
  ids.set(id, count + 1);
  return count ? `${id}-${count}` : id;
}
