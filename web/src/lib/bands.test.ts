import { describe, expect, it } from "vitest";
import { around, interpolated, type Spread } from "./bands";

const of = (...values: number[]) => Float64Array.from(values);
const members = [{ x: of(0, 10), y: of(1, 2) }, { x: of(0, 10), y: of(3, 4) }, { x: of(0), y: of(5) }];

describe("around", () => {
  it("takes the mean of those who have a value, and says how many they are", () => {
    const { x, mid, n } = around(members, "sd");

    expect([[...x], [...mid], [...n]]).toEqual([[0, 10], [3, 3], [3, 2]]);
  });

  it.each<[Spread, number]>([["sd", 2], ["se", 2 / Math.sqrt(3)], ["ci", (4.303 * 2) / Math.sqrt(3)], ["minmax", 2], ["none", 0]])("%s reaches %s from the mean of 1, 3, 5", (spread, half) => {
    const { low, high } = around(members, spread);

    expect([3 - low[0]!, high[0]! - 3]).toEqual([expect.closeTo(half, 3), expect.closeTo(half, 3)]);
  });

  it("has no spread for one, and keeps the extremes of buckets", () => {
    expect(around([members[0]!], "ci")).toMatchObject({ low: of(1, 2), high: of(1, 2) });
    expect(around([{ ...members[0]!, low: of(-9, 0), high: of(1, 99) }], "minmax")).toMatchObject({ low: of(-9, 0), high: of(1, 99) });
  });

  it("leaves out a member where it diverged", () => {
    expect([...around([members[0]!, { x: of(0, 10), y: of(NaN, NaN) }], "sd").n]).toEqual([1, 1]);
  });
});

describe("interpolated", () => {
  it("goes straight between points and nowhere beyond them", () => {
    expect([...interpolated(of(0, 10), of(0, 1), of(-1, 0, 5, 10, 11))]).toEqual([NaN, 0, 0.5, 1, NaN]);
  });
});
