import { describe, expect, it } from "vitest";
import { correlation, explained, rankCorrelation, ranks, t975, trend } from "./statistics";

describe("statistics", () => {
  it.each([[1, 12.706], [5, 2.571], [30, 2.042], [31, 2.0395], [100, 1.984], [1e6, 1.96]])("t of %s degrees of freedom is %s", (degrees, t) => expect(t975(degrees)).toBeCloseTo(t, 3));

  it("ranks share places", () => expect(ranks([10, 20, 10, 5])).toEqual([2.5, 4, 2.5, 1]));

  it("correlates, by value and by rank", () => {
    expect(correlation([1, 2, 3], [2, 4, 6])).toBe(1);
    expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBe(1);
    expect(correlation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(0.8241, 4);
    expect(correlation([1, 1], [2, 3])).toBeNull();
  });

  it("fits a line", () => {
    expect(trend([0, 1, 2], [1, 3, 5])).toEqual({ slope: 2, at0: 1 });
    expect(trend([1, 1], [1, 3])).toBeNull();
  });

  it("says what a group explains beyond chance", () => {
    expect(explained(["a", "a", "b", "b"], [1, 1.1, 9, 9.1])).toBeGreaterThan(0.99);
    expect(explained(["a", "b", "a", "b"], [1, 1, 2, 2])).toBe(0);
    expect(explained(["a", "b"], [1, 2])).toBeNull();
  });
});
