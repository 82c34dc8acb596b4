import { describe, expect, it } from "vitest";
import { keyLabel, metricKey, pieces, runKey, shortPath, valueAt } from "./run-keys";

describe("pieces", () => {
  it("parts a list at commas outside quotes", () => {
    expect(pieces('name, metrics."a,b".min,config."x""y,".z')).toEqual(["name", 'metrics."a,b".min', 'config."x""y,".z']);
  });
});

describe("runKey", () => {
  const run = { name: "a", config: { "o.x": { lr: 0.1 }, list: [1] }, metrics: { "val/loss": { last: 2, min: 1 }, "a.min": { last: 3 } } };

  it.each([
    ["name", "a"],
    ['config."o.x".lr', 0.1],
    ["config.list", [1]],
    ["config.list.deeper", undefined],
    ["config.missing.lr", undefined],
    ['metrics."val/loss"', 2],
    ['metrics."val/loss".min', 1],
    ['metrics."a.min"', 3],
    ['metrics.a."min"', 3],
    ["metrics.nothing", undefined],
  ])("%s leads to %s", (text, value) => expect(valueAt(run, runKey(text))).toEqual(value));
});

describe("keyLabel", () => {
  it.each([
    ['metrics."val/loss".min', "val/loss min"],
    ['metrics."val/loss"', "val/loss"],
    ["config.optimizer.lr", "optimizer.lr"],
    ["created_at", "created"],
  ])("%s is headed %s", (key, words) => expect(keyLabel(key)).toBe(words));
});

describe("metricKey", () => {
  it.each([["val/loss", 'metrics."val/loss".min'], ["loss", 'metrics."loss".min'], ['a"b', 'metrics."a""b".min']])("of %s is %s", (metric, key) =>
    expect(metricKey(metric, "min")).toBe(key),
  );
});

describe("shortPath", () => {
  it.each([["model.norm.kind", "norm"], ["optimizer.lr", "lr"], ["model.dropout.p", "dropout.p"], ["seed", "seed"]])("of %s is %s", (path, short) => expect(shortPath(path)).toBe(short));
});
