import { describe, expect, it } from "vitest";
import { clicked, readSort, sortable, writeSort } from "./sorting";

describe("a click on a head", () => {
  it.each([
    ["", "name", false, "name"],
    ["name", "name", false, "-name"],
    ["-name", "name", false, ""],
    ["", 'metrics."val/accuracy".max', false, '-metrics."val/accuracy".max'],
    ["name", "state", false, "state"],
    ["name", "state", true, "name,state"],
    ["name,state", "name", true, "-name,state"],
    ["-name,state", "name", true, "state"],
    ["a,b,c,d,e", "f", true, "a,b,c,d,e"],
  ])("from %j on %s (shift %s) sorts by %j", (before, key, adds, after) => expect(writeSort(clicked(readSort(before), key, adds))).toBe(after));
});

describe("sortable", () => {
  it.each([["name", true], ["tags", false], ["metrics.loss.max_step", false], ["metrics.loss.min", true]])("%s: %s", (key, can) => expect(sortable(key)).toBe(can));
});
