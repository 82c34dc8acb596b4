import { describe, expect, it } from "vitest";
import { ticks } from "./ticks";

describe("ticks", () => {
  it.each<[number, number, number, boolean, number[]]>([
    [0, 1, 5, false, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [-0.13, 0.34, 4, false, [0, 0.2]],
    [0.001, 100, 6, true, [0.001, 0.01, 0.1, 1, 10, 100]],
    [1, 10, 5, true, [1, 2, 5, 10]],
    [3, 3, 5, false, [3]],
  ])("from %s to %s, about %s", (min, max, wanted, log, found) => expect(ticks(min, max, wanted, log)).toEqual(found));
});
