import { describe, expect, it } from "vitest";
import { heat, scaleOf, share } from "./heat";

describe("scaleOf", () => {
  it.each([
    [[1, 2, null, NaN, 3], { low: 1, high: 3, log: false }], [[1e-6, 1], { low: 1e-6, high: 1, log: true }], [[0, 1e-6, 1], { low: 1e-6, high: 1, log: true }],
    [[-1, 1e6], { low: -1, high: 1e6, log: false }], [[null], null],
  ])("of %j", (values, scale) => expect(scaleOf(values)).toEqual(scale));
});

describe("share", () => {
  it.each([[2, 0.5], [0, 0], [9, 1]])("%s lies at %s", (value, at) => expect(share(value, { low: 1, high: 3, log: false })).toBe(at));
  it("counts powers on a logarithmic scale", () => expect(share(10, { low: 1, high: 100, log: true })).toBeCloseTo(0.5));
});

describe("heat", () => {
  it("goes from violet to yellow", () => expect([heat(0), heat(1), heat(0.5)]).toEqual([[68, 1, 84], [253, 231, 37], [38, 130, 142]]));
});
