import { describe, expect, it } from "vitest";
import { blocksOf, plain } from "../../../guides";

const KNOWN = new Set(["guide/submit", "guide/studies", "api"]);

describe("blocksOf", () => {
  it("makes data of Markdown, and no markup of what is in it", () => {
    const blocks = blocksOf("# A *b*\n\nText `x<y>` <script>alert(1)</script>\n\n    code & more\n", "guide/submit", KNOWN);

    expect(blocks).toEqual([
      { is: "heading", depth: 1, id: "a-b", spans: ["A ", { is: "em", spans: ["b"] }] },
      { is: "paragraph", spans: ["Text ", { is: "code", text: "x<y>" }, " ", "<script>", "alert(1)", "</script>"] },
      { is: "code", text: "code & more" },
    ]);
  });

  it.each([
    ["[a](studies.md#b)", { is: "link", guide: "guide/studies", hash: "b", spans: ["a"] }],
    ["[a](../api.md)", { is: "link", guide: "api", hash: "", spans: ["a"] }],
    ["[a](#b)", { is: "link", guide: "guide/submit", hash: "b", spans: ["a"] }],
    ["[a](https://example.org/)", { is: "link", href: "https://example.org/", spans: ["a"] }],
    ["[a](../../examples/x.json)", "a"],
    ["[a](javascript:alert(1))", "a"],
  ])("leads %s to where it is", (text, span) => expect(blocksOf(text, "guide/submit", KNOWN)).toEqual([{ is: "paragraph", spans: [span] }]));

  it("keeps tables and lists, and gives each heading an id of its own", () => {
    const blocks = blocksOf("## A\n\n## A\n\n| x | y |\n|---|---|\n| 1 | **2** |\n\n- one\n- two", "api", KNOWN);

    expect(blocks.map((block) => (block.is === "heading" ? block.id : block.is))).toEqual(["a", "a-1", "table", "list"]);
    expect(blocks[2]).toMatchObject({ rows: [[["1"], [{ is: "strong", spans: ["2"] }]]] });
  });
});

describe("plain", () => {
  it("is the words alone", () => expect(plain(["a ", { is: "strong", spans: [{ is: "code", text: "b" }] }, { is: "break" }, "c"])).toBe("a b c"));
});
