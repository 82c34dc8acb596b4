import { describe, expect, it } from "vitest";
import { columnsOf, columnsText, type Comparison, extremes, moved, nextDifference, rowsOf, same } from "./comparison";

const COMPARISON: Comparison = {
  warnings: [],
  factors: [],
  config: { same: { batch_size: 64 }, different: [{ path: "optimizer.lr", values: { a: 0.1, b: 0.2 } }] },
  environment: { same: {}, different: [] },
  metrics: [
    { metric: "val/loss", values: { a: { last: 2, min: 1, max: 3 }, b: { last: "NaN", min: 4, max: 5 }, c: { last: 7, min: null, max: null } } },
    { metric: "system/memory", values: { a: { last: 1, min: 1, max: 1 } } },
  ],
};
const paths = (all: boolean, find = "") => rowsOf(COMPARISON, ["a", "b"], { all, find, use: "last" }).flatMap((row) => (row.kind === "section" ? [] : [row.path]));

describe("columnsOf", () => {
  it.each([
    ["a,b", [{ run: "a", place: undefined }, { run: "b", place: undefined }]],
    ["a.3, b.0,a.1", [{ run: "a", place: 3 }, { run: "b", place: 0 }]],
    ["", []],
  ])("of %j", (given, columns) => expect(columnsOf(given)).toEqual(columns));

  it("reads what was written", () => expect(columnsText(columnsOf("b.1,a.0").map(({ run }) => run), new Map([["a", 0], ["b", 1]]))).toBe("b.1,a.0"));
});

describe("moved", () => {
  it.each([["c", "a", "cab"], ["a", "c", "bca"], ["b", "b", "abc"]])("%s to %s", (item, before, order) => expect(moved([..."abc"], item, before).join("")).toBe(order));
});

describe("rowsOf", () => {
  it("shows what differs, and the metrics without the system's", () => expect(paths(false)).toEqual(["optimizer.lr", "val/loss"]));
  it("shows all when asked to", () => expect(paths(true)).toEqual(["batch_size", "optimizer.lr", "val/loss", "system/memory"]));
  it("finds paths and values", () => {
    expect(paths(true, "LR")).toEqual(["optimizer.lr"]);
    expect(paths(true, "64")).toEqual(["batch_size"]);
  });
  it("marks extremes among finite values alone", () => {
    const row = rowsOf(COMPARISON, ["a", "b", "c"], { all: false, find: "", use: "last" }).find((each) => each.kind === "metric");

    expect(row).toMatchObject({ low: 2, high: 7 });
  });
});

describe("extremes", () => {
  it.each([[[1, 3, 2], [1, 3]], [[2, 2], [null, null]], [[], [null, null]]])("of %j are %j", (given, found) => expect(extremes(given)).toEqual(found));
});

describe("nextDifference", () => {
  const rows = rowsOf(COMPARISON, ["a", "b"], { all: true, find: "", use: "last" });

  it.each([[-1, 1, "optimizer.lr"], [2, 1, "val/loss"], [4, 1, "optimizer.lr"], [2, -1, "val/loss"]] as const)("from %i by %i", (at, step, path) => {
    expect(rows[nextDifference(rows, at, step)]).toMatchObject({ path });
  });
});

describe("same", () => {
  it.each([[[1], [1], true], [undefined, undefined, true], [undefined, null, false], [1, "1", false]])("%j and %j: %s", (one, other, is) => expect(same(one, other)).toBe(is));
});
