import { describe, expect, it } from "vitest";
import { axisOf } from "./axis";

describe("axisOf", () => {
  it("places numbers between the least and the greatest, and what is none nowhere", () => {
    const axis = axisOf("lr", [0, 10, "NaN", null, undefined], false);

    expect([axis.kind, axis.place(5), axis.place("NaN"), axis.place(null)]).toEqual(["number", 0.5, null, null]);
  });

  it("places by logarithm what is positive", () => {
    const axis = axisOf("lr", [0, 1, 100], true);

    expect([axis.place(10), axis.place(0)]).toEqual([0.5, null]);
  });

  it("places choices beside each other", () => {
    const axis = axisOf("kind", ["sgd", "adam", "sgd", true], false);

    expect([axis.kind, axis.choices, axis.place("adam"), axis.place(true)]).toEqual(["choice", ["adam", "sgd", "true"], 0, 1]);
  });

  it("has a middle for what is all the same", () => expect(axisOf("lr", [3, 3], false).place(3)).toBe(0.5));
});
