import { describe, expect, it } from "vitest";
import type { Series } from "./columns";
import { extended, tailStart } from "./tail";

const of = (...values: number[]) => Float64Array.from(values);
const exact = (steps: number[], values: number[]): Series => ({ run: "a", metric: "x", count: steps.length, steps: of(...steps), values: of(...values) });
const buckets: Series = {
  run: "a", metric: "x", count: 5, steps: of(0, 3), mean: of(1, 2), min: of(0, 2), max: of(2, 2), first: of(0, 2), last: of(2, 2), counts: of(3, 2), non_finite: of(0, 0),
};

describe("extended", () => {
  it("puts new points behind those at hand, none twice", () => {
    const series = exact([0, 1, 2], [5, 6, 7]);

    expect(tailStart(series, "step")).toBe(2);
    expect(extended(series, exact([2, 3], [7, 8]), 100)).toEqual(exact([0, 1, 2, 3], [5, 6, 7, 8]));
  });

  it("takes the last bucket's points anew, for it may have filled up", () => {
    const made = extended(buckets, exact([3, 4, 5], [2, NaN, 9]), 100)!;

    expect(made).toMatchObject({ count: 6, steps: of(0, 3, 4, 5), max: of(2, 2, NaN, 9), counts: of(3, 1, 1, 1), non_finite: of(0, 0, 1, 0) });
  });

  it("is had whole when there was nothing", () => expect(extended(exact([], []), exact([0], [1]), 100)!.count).toBe(1));

  it("asks for wider buckets when it has grown to more than twice of what was asked for", () => {
    expect(extended(exact([0, 1], [0, 0]), exact([1, 2, 3, 4, 5], [0, 0, 0, 0, 0]), 2)).toBeNull();
  });
});
