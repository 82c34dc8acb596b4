import { describe, expect, it } from "vitest";
import { places, stroke } from "./colours";

describe("places", () => {
  it("keeps a run's place when others come and go", () => {
    const first = places(["a", "b", "c"], new Map());
    const then = places(["x", "c", "a"], first);

    expect([...then]).toEqual(expect.arrayContaining([["a", 0], ["c", 2], ["x", 1]]));
  });
});

describe("stroke", () => {
  it("gives 48 places a look of their own", () => {
    const looks = Array.from({ length: 48 }, (_, place) => JSON.stringify(stroke(place)));

    expect(new Set(looks).size).toBe(48);
  });
});
