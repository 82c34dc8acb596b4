import { describe, expect, it } from "vitest";
import { smoothed } from "./smooth";

const steps = Float64Array.from({ length: 1000 }, (_, i) => i);

describe("smoothed", () => {
  it("leaves what is constant as it is, from the first point on", () => {
    expect(smoothed(steps, steps.map(() => 3), 0.9).every((value) => Math.abs(value - 3) < 1e-12)).toBe(true);
  });

  it("is between its neighbours, and further from a spike the more it smooths", () => {
    const spike = steps.map((step) => (step === 500 ? 1 : 0));

    const [some, much] = [smoothed(steps, spike, 0.5)[500]!, smoothed(steps, spike, 0.99)[500]!];

    expect(some).toBeGreaterThan(much);
    expect(much).toBeGreaterThan(0);
  });

  it("does the same to a curve with every tenth of its points", () => {
    const line = steps.map((step) => step / 1000);
    const few = steps.filter((step) => step % 10 === 0);

    expect(smoothed(few, few.map((step) => step / 1000), 0.9)[90]!).toBeCloseTo(smoothed(steps, line, 0.9)[900]!, 1);
  });

  it("passes over what is no number", () => {
    expect([...smoothed(Float64Array.of(0, 1, 2), Float64Array.of(1, NaN, 1), 0.5)]).toEqual([1, NaN, 1]);
  });
});
