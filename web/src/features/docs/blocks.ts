// What a guide is made of.

export type Span =
  | string
  | { is: "code"; text: string }
  | { is: "strong" | "em"; spans: Span[] }
  | { is: "break" }
  | { is: "link"; guide: string; hash: string; spans: Span[] }
  | { is: "link"; href: string; spans: Span[] };

export type Block =
  | { is: "heading"; depth: number; id: string; spans: Span[] }
  | { is: "paragraph"; spans: Span[] }
  | { is: "code"; text: string }
  | { is: "quote"; blocks: Block[] }
  | { is: "list"; ordered: boolean; items: Block[][] }
  | { is: "table"; head: Span[][]; rows: Span[][][] }
  | { is: "rule" };

export interface GuideListed {
  path: string;
  title: string;
  headings: { depth: number; id: string; words: string }[];
}
