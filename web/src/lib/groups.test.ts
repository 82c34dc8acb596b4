import { describe, expect, it } from "vitest";
import { both, groupFilter, groupNames, worst } from "./groups";

const group = (key: Record<string, unknown>, n = 1, runs = ["a"]) => ({ key, n, runs });

describe("a group's name", () => {
  it("says what tells it from the others", () => {
    const groups = [group({ "config.model.norm.kind": "batch", "config.device": "cpu" }), group({ "config.model.norm.kind": "none", "config.device": "cpu" }), group({ "config.device": "cpu" })];

    expect([...groupNames(groups).values()]).toEqual(["model.norm.kind batch", "model.norm.kind none", "no model.norm.kind"]);
  });

  it("of many keys says only in what it is not as most", () => {
    const usual = { "config.a": 1, "config.n.kind": "none", "config.c": 3, "config.d": 4 };
    const groups = [group(usual, 9), group({ ...usual, "config.a": 2 }), group({ ...usual, "config.c": 1, "config.n.kind": "batch", "config.d": 5 })];

    expect([...groupNames(groups).values()]).toEqual(["the usual config", "a 2", "n.kind batch · c 1 · d 5"]);
  });

  it("of the only group says its few keys", () => {
    const only = group({ "config.seed": 1 });

    expect([...groupNames([only]).values()]).toEqual(["seed 1"]);
  });
});

describe("a group's filter", () => {
  it.each([
    [group({ "config.a": 1 }, 2, ["x", "y"]), "id in ('x', 'y')"],
    [group({ "config.a": 0.1, 'config."b.c"': "it's", "config.d": null, "config.e": [256], "config.f": true }, 5000), `config.a = 0.1 and config."b.c" = 'it''s' and config.d is null and config.e = '[256]' and config.f = 'true'`],
  ])("of %j", (given, filter) => expect(groupFilter(given)).toBe(filter));
});

describe("the worst of a spread", () => {
  it.each([["val/loss", 9], ["val/accuracy", 1]])("of %s is %s", (metric, is) => expect(worst(metric, { min: 1, max: 9 })).toBe(is));
});

describe("both", () => {
  it.each([["a = 1 or b = 2", "c = 3", "(a = 1 or b = 2) and c = 3"], ["", "c = 3", "c = 3"], ["a = 1", "", "a = 1"]])("%j and %j", (one, other, is) => expect(both(one, other)).toBe(is));
});
