import { describe, expect, it } from "vitest";
import { beside } from "./beside";

const one = { steps: [0, 1, 2, 3], values: [1, 1, 1, NaN] };

describe("beside", () => {
  it("says of each step how far apart the values are", () => {
    const rows = beside(one, { steps: [0, 1, 2, 3, 4], values: [1, 1 + 2 ** -23, -0, NaN, 5] }, 1, 10);

    expect(rows.map(({ step, same, apart }) => [step, same, apart])).toEqual([
      [0, true, ""], [1, false, "1 ulp of float32"], [2, false, "1,065,353,216 ulps of float32"], [3, true, ""], [4, false, "in one run only"],
    ]);
  });

  it("shows a quarter of what there is room for before the step", () => {
    const steps = Array.from({ length: 100 }, (_, step) => step);
    const rows = beside({ steps, values: steps }, { steps, values: steps }, 50, 8);

    expect([rows[0]?.step, rows.length]).toEqual([48, 8]);
  });

  it("is nothing where only buckets are known", () => expect(beside({ steps: [0] }, one, 0, 5)).toEqual([]));
});
