import { describe, expect, it } from "vitest";
import { perDay } from "./activity";

describe("perDay", () => {
  it("counts days back from today, and leaves out what is older", () => {
    const now = new Date(2026, 4, 20, 9).getTime();
    const at = (day: number, hour: number) => new Date(2026, 4, day, hour).toISOString();

    expect(perDay([at(20, 1), at(20, 8), at(19, 23), at(17, 0), at(1, 1)], 4, now)).toEqual([1, 0, 1, 2]);
  });
});
