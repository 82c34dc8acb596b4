import { describe, expect, it } from "vitest";
import { difference } from "./difference";

const told = (...given: Parameters<typeof difference>) => {
  const { x, y, exact } = difference(...given);
  return [[...x], [...y], exact];
};

describe("difference", () => {
  it("is of the steps that both have, when both came whole", () =>
    expect(told({ steps: [0, 1, 3], values: [5, 6, 7] }, { steps: [1, 2, 3], values: [1, 1, 3] })).toEqual([[1, 3], [5, 4], true]));

  it("takes the base's means along straight lines, and none outside of them", () =>
    expect(told({ steps: [0, 10, 15, 20, 30], mean: [1, 1, 1, 1, 1] }, { steps: [10, 20], mean: [0, 4] })).toEqual([[10, 15, 20], [1, -1, -3], false]));

  it("leaves out what is not finite", () =>
    expect(told({ steps: [0, 1, 2], values: [NaN, Infinity, 1] }, { steps: [0, 1, 2], values: [1, 1, 1] })).toEqual([[2], [0], true]));

  it("of nothing is nothing", () => expect(told({ steps: [] }, { steps: [0], values: [1] })).toEqual([[], [], false]));
});
