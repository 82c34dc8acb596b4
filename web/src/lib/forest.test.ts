import { describe, expect, it } from "vitest";
import { ends, forestOf, seedsLacking, seedsOf, seedsText, type Study, thinned, ticks, type Variant } from "./forest";

const seed = (of: number, value: number | "NaN" | null, diverged = false) => ({ seed: of, run: `r${of}`, state: "finished" as const, value, diverged, reached: null });
const variant = (name: string, difference: { mean: number; ci95: number[] } | null, seeds: ReturnType<typeof seed>[]) => ({ name, difference, seeds }) as unknown as Variant;
const STUDY = {
  goal: "min",
  noise: { seeds: 0.5 },
  variants: [variant("baseline", null, [seed(0, 1), seed(1, 2)]), variant("a", { mean: -1, ci95: [-2, 0.5] }, [seed(0, 0.5), seed(1, "NaN", true)])],
} as unknown as Study;

describe("forestOf", () => {
  it("pairs seeds with the baseline's and counts those without a number", () => {
    const [row] = forestOf(STUDY, "metric").rows;

    expect(row).toMatchObject({ mean: -1, ci: [-2, 0.5], unplaced: 1, valued: 1, beyond: 0 });
    expect(row!.dots).toMatchObject([{ seed: 0, difference: -0.5 }]);
  });
  it("divides by the seed noise", () => expect(forestOf(STUDY, "noise").rows[0]).toMatchObject({ mean: -2, ci: [-4, 1] }));
  it("puts the worse side right when smaller is better", () => expect(forestOf(STUDY, "metric").worse).toBe(1));
});

describe("ends", () => {
  it("hold zero and everything near", () => expect(ends([[1, 3], [2]])).toEqual([-0.18, 3.18]));
  it("leave out what is ten times as far as the middle row", () => expect(ends([[1], [1], [100]])[1]).toBeLessThan(2));
  it("are apart even when nothing is", () => expect(ends([])).toEqual([-0.06, 0.06]));
});

describe("ticks", () => {
  it.each([[-0.18, 3.18, [0, 1, 2, 3]], [-0.5, 0.13, [-0.4, -0.2, 0]]])("from %s to %s", (low, high, expected) => expect(ticks(low, high)).toEqual(expected));
});

describe("thinned", () => {
  it("takes evenly", () => expect(thinned([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 3, 6]));
  it("keeps few as they are", () => expect(thinned([1, 2], 3)).toEqual([1, 2]));
});

describe("seeds", () => {
  it.each([["0-3", [0, 1, 2, 3]], ["1, 5 7-8", [1, 5, 7, 8]], ["a", null], ["3-1", null], ["", null], ["0-5000", null]])("%j", (text, seeds) => expect(seedsOf(text)).toEqual(seeds));
  it("are written as ranges", () => expect(seedsText([0, 1, 2, 5, 7, 8])).toBe("0-2, 5, 7-8"));
  it("lacking ones follow the largest", () => expect(seedsLacking({ seeds: [0, 4], seeds_needed: 4 })).toEqual([5, 6]));
});
