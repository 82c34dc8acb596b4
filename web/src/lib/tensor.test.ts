import { describe, expect, it } from "vitest";
import { flat, histograms, indices, layout, reach } from "./tensor";

describe("flat", () => {
  it("keeps the order of rows and makes numbers of names", () => {
    expect([...flat([[1, 2], [3, "NaN"], ["-Infinity", null]])]).toEqual([1, 2, 3, NaN, -Infinity, NaN]);
  });
});

describe("layout", () => {
  it("shows a matrix as it is", () => {
    const { width, height, at } = layout([2, 3], false);

    expect([width, height]).toEqual([3, 2]);
    expect(at(2, 1)).toBe(5);
  });

  it("shows feature maps as a tile each, with gaps", () => {
    const { width, height, at } = layout([2, 3, 4, 5], false);

    expect([width, height]).toEqual([17, 9]);
    expect(at(5, 0)).toBe(-1);
    expect(at(6, 5)).toBe(80); // sample 1, channel 1, its first pixel
  });

  it("shows rows that are images as squares, and nothing where there is no image", () => {
    const { width, height, at } = layout([3, 64], true);

    expect([width, height]).toEqual([17, 17]);
    expect(at(0, 9)).toBe(128);
    expect(at(9, 9)).toBe(-1);
  });
});

describe("indices", () => {
  it.each([[0, [0, 0, 0]], [23, [1, 2, 3]], [5, [0, 1, 1]]])("of place %i are %j", (place, expected) => expect(indices(place, [2, 3, 4])).toEqual(expected));
});

describe("histograms", () => {
  it("count on one axis, as shares of what is finite", () => {
    const { low, high, shares } = histograms([Float64Array.of(0, 0, 1, NaN), Float64Array.of(2, 4)], 4);

    expect([low, high]).toEqual([0, 4]);
    expect([...shares[0]!]).toEqual([2 / 3, 1 / 3, 0, 0]);
    expect([...shares[1]!]).toEqual([0, 0, 0.5, 0.5]);
  });

  it("of a single value have it in their middle", () => expect(histograms([Float64Array.of(1, 1)], 2)).toMatchObject({ low: 0.5, high: 1.5 }));
});

describe("reach", () => {
  it.each([[[1, -3, NaN], 3], [[0, 0], 1], [[Infinity, 2], 2], [[...Array<number>(199).fill(1), 50], 1], [[...Array<number>(199).fill(0), 50], 50]])("of %j is %f", (values, expected) => expect(reach([Float64Array.from(values)])).toBe(expected));
});
