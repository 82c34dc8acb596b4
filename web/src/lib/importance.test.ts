import { describe, expect, it } from "vitest";
import { importance, leavesOf } from "./importance";

const configs = Array.from({ length: 40 }, (_, i) => ({ optimizer: { lr: i / 10, kind: i % 2 ? "sgd" : "adam" }, seed: (i * 7) % 5, same: 1 }));

describe("importance", () => {
  it("finds the number that the metric follows, and leaves out what does not vary", () => {
    const found = importance(configs, configs.map(({ optimizer }) => Math.exp(optimizer.lr)));

    expect(found[0]).toMatchObject({ key: "config.optimizer.lr", rank: 1, n: 40, values: 40 });
    expect(found.map(({ key }) => key)).not.toContain("config.same");
  });

  it("finds the choice that the metric follows", () => {
    const [first] = importance(configs, configs.map(({ optimizer }) => (optimizer.kind === "sgd" ? 1 : 2)));

    expect(first).toMatchObject({ key: "config.optimizer.kind", rank: null, share: 1 });
  });

  it("says how many runs it is of, and nothing of fewer than four", () => {
    expect(importance(configs, configs.map((_, i) => (i < 30 ? i : NaN)))[0]!.n).toBe(30);
    expect(importance(configs.slice(0, 3), [1, 2, 3])).toEqual([]);
  });

  it("names leaves as filters do", () => expect([...leavesOf({ "a-b": { c: [1, 2] }, d: null })]).toEqual([['config."a-b".c', [1, 2]]]));
});
