import { describe, expect, it } from "vitest";
import { fromText, toYaml } from "./yaml";

const CONFIG = { dataset: { name: "digits" }, model: { hidden: [256, 64], norm: { kind: "batch" } }, optimizer: { kind: "adam", eps: 1e-8 }, batch_size: "full", seed: 0, grad_clip: null };

describe("toYaml", () => {
  it("writes blocks, lists in a line, and quotes only where a text would be read as something else", () => {
    expect(toYaml({ ...CONFIG, name: "on", note: "3" })).toBe(
      'dataset:\n  name: digits\nmodel:\n  hidden: [256, 64]\n  norm:\n    kind: batch\noptimizer:\n  kind: adam\n  eps: 1e-8\nbatch_size: full\nseed: 0\ngrad_clip: null\nname: "on"\nnote: "3"',
    );
  });
});

describe("fromText", () => {
  it.each([
    ["what it wrote", toYaml(CONFIG), CONFIG],
    ["JSON", JSON.stringify(CONFIG), CONFIG],
    ["comments and flow maps", "# ours\nmodel:\n  norm: {kind: group, groups: 4} # four\n  hidden: [1, 2]\nseed: 3\n", { model: { norm: { kind: "group", groups: 4 }, hidden: [1, 2] }, seed: 3 }],
    ["lists of lines", "milestones:\n  - 100\n  - 2e2\ntags:\n- 'a: b'\n- \"#c\"", { milestones: [100, 200], tags: ["a: b", "#c"] }],
    ["lists of maps", "changes:\n  - name: bn\n    set: {a.b: 1}\n  - name: ln", { changes: [{ name: "bn", set: { "a.b": 1 } }, { name: "ln" }] }],
    ["words", "a: true\nb: ~\nc:\nd: hello there", { a: true, b: null, c: null, d: "hello there" }],
  ])("reads %s", (_, text, expected) => expect(fromText(text)).toEqual(expected));

  it.each([
    ["", "There is nothing in it."],
    ["a: 1\na: 2", "Line 2: a stands twice."],
    ["a:\n\tb: 1", "Line 2: YAML indents with spaces"],
    ["a: [1, 2", "Line 1: here a comma or ] is missing"],
    ["a: 1\n  b: 2", "Line 2: this does not belong"],
    ["a: 1\nhello", "Line 2: this needs the form"],
  ])("says what is wrong with %j", (text, words) => expect(() => fromText(text)).toThrow(words));

  it("never gives an object another prototype", () => {
    expect(Object.keys(fromText("__proto__: {a: 1}") as object)).toEqual(["__proto__"]);
  });
});
