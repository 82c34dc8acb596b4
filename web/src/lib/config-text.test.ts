import { describe, expect, it } from "vitest";
import { asCurl, differences, leaves, shell, yaml } from "./config-text";

describe("leaves", () => {
  it("are values by dotted path, lists and empty tables included", () => {
    expect(leaves({ a: { b: 1, c: [1, 2] }, d: {}, e: null })).toEqual([
      { path: "a.b", value: 1 }, { path: "a.c", value: [1, 2] }, { path: "d", value: {} }, { path: "e", value: null },
    ]);
  });
});

describe("differences", () => {
  it("name what is changed, added and gone", () => {
    expect(differences({ a: 1, b: { c: 2 }, n: 5 }, { a: 1, b: { c: 3 }, gone: 4 })).toEqual([
      { path: "b.c", mine: 2, other: 3 }, { path: "n", mine: 5, other: undefined }, { path: "gone", mine: undefined, other: 4 },
    ]);
  });
});

describe("yaml", () => {
  it.each([
    [{ model: { kind: "mlp", hidden: [256, 10] }, note: null }, "model:\n  kind: mlp\n  hidden: [256, 10]\nnote: null"],
    [{ a: "yes", b: "1", c: "x: y", d: "" }, 'a: "yes"\nb: "1"\nc: "x: y"\nd: ""'],
    [{ lr: 1e-7, eps: 0.5, t: true }, "lr: 1.0e-7\neps: 0.5\nt: true"],
    [{}, "{}"],
  ])("%j", (given, text) => expect(yaml(given)).toBe(text));
});

describe("shell", () => {
  it("quotes a quote", () => expect(shell("it's")).toBe("'it'\\''s'"));
});

describe("asCurl", () => {
  it("holds the project and the config", () => {
    expect(asCurl("http://h", "acme/digits", { seed: 1 })).toContain('"project": "acme/digits"');
  });
});
