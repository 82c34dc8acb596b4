import { describe, expect, it } from "vitest";
import { inSight, scrollFor } from "./rows-in-sight";

describe("rows in sight", () => {
  it("are those on the screen and at least eight beyond either end", () => {
    expect(inSight(0, 640, 32, 1000)).toEqual({ first: 0, end: 28 });
    expect(inSight(3200, 640, 32, 1000)).toEqual({ first: 92, end: 128 });
  });

  it("end with the rows", () => {
    expect(inSight(0, 640, 32, 5)).toEqual({ first: 0, end: 5 });
    expect(inSight(999_999, 640, 32, 10)).toEqual({ first: 10, end: 10 });
    expect(inSight(0, 0, 32, 0)).toEqual({ first: 0, end: 0 });
  });

  it("change only with a handful of rows", () => {
    expect(inSight(3210, 640, 32, 1000)).toEqual(inSight(3290, 640, 32, 1000));
  });
});

describe("scrolling to a row", () => {
  it("does nothing while it is seen whole", () => expect(scrollFor(5, 0, 640, 32, 32)).toBeNull());
  it("brings one above to the top", () => expect(scrollFor(2, 320, 640, 32, 32)).toBe(64));
  it("brings one below to the bottom", () => expect(scrollFor(30, 0, 640, 32, 32)).toBe(31 * 32 + 32 - 640));
});
