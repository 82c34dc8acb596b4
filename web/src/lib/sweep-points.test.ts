import { describe, expect, it } from "vitest";
import { ordered, type Point, progress, tried } from "./sweep-points";

const point = (place: number, value: number | null, values: Record<string, unknown> = {}) => ({ place, value, values }) as unknown as Point;
const POINTS = [point(0, 3, { kind: "b" }), point(1, null, { kind: "a", lr: 2 }), point(2, 1, { lr: 10 })];

describe("ordered", () => {
  it.each([["value", [2, 0, 1]], ["-value", [0, 2, 1]], ["-place", [2, 1, 0]], ["kind", [1, 0, 2]], ["lr", [1, 2, 0]]])("by %s", (by, places) =>
    expect(ordered(POINTS, by).map(({ place }) => place)).toEqual(places));
});

describe("progress", () => {
  it("holds what each run gave and the best so far", () => {
    const { x, values, best } = progress([...POINTS, point(3, 2)], "minimize");

    expect([[...x], [...values], [...best]]).toEqual([[0, 2, 3], [3, 1, 2], [3, 1, 1]]);
  });
});

describe("tried", () => {
  it.each([["lr", 1], ["net.width", 8], ["a.b", 2], ["net.depth", undefined], ["lr.x", undefined]])("%s is %s", (key, value) =>
    expect(tried({ values: { lr: 1, net: { width: 8 }, "a.b": 2 } }, key)).toBe(value));
});
