import { describe, expect, it } from "vitest";
import { exact, ulps } from "./ulps";

describe("ulps", () => {
  it.each([
    [1, 1, 0n, "float32"],
    [1, 1 + 2 ** -23, 1n, "float32"],
    [1, 1 + 2 ** -52, 1n, "float64"],
    [-(2 ** -149), 2 ** -149, 2n, "float32"],
    [0.1, 0.1 + 2 ** -56, 1n, "float64"],
    [0, -0, 0n, "float32"],
  ] as const)("from %s to %s are %s of %s", (one, other, count, of) => expect(ulps(one, other)).toEqual({ ulps: count, of }));
  it("are not counted to NaN", () => expect(ulps(NaN, 1)).toBeNull());
});

describe("exact", () => {
  it.each([[0.1 + 0.2, "0.30000000000000004"], [-0, "-0"], ["NaN", "NaN"], [null, "–"]])("%s", (given, text) => expect(exact(given)).toBe(text));
});
