import { describe, expect, it } from "vitest";
import { stroke } from "./colours";
import { boxesOf, classesIn, isDrawn, painted } from "./overlays";

describe("boxesOf", () => {
  it("reads corners and middles, in shares and in pixels", () => {
    const file = {
      box_data: [
        { position: { minX: 0.25, maxX: 0.75, minY: 0.5, maxY: 1 }, class_id: 1, box_caption: "cat" },
        { position: { middle: [20, 10], width: 10, height: 10 }, domain: "pixel", class_id: 2 },
      ],
    };

    expect(boxesOf(file, 40, 20)).toEqual([
      { left: 0.25, top: 0.5, width: 0.5, height: 0.5, class: "1", words: "cat" },
      { left: 0.375, top: 0.25, width: 0.25, height: 0.5, class: "2", words: "" },
    ]);
  });

  it.each([null, 3, {}, { box_data: "x" }, { box_data: [null, {}, { position: {} }, { position: { minX: "a" } }] }])("finds none in %j", (file) => expect(boxesOf(file, 1, 1)).toEqual([]));
});

describe("a mask", () => {
  const pixels = Uint8ClampedArray.of(0, 0, 0, 255, 2, 2, 2, 255, 7, 7, 7, 255);

  it("holds classes", () => expect(classesIn(pixels)).toEqual(["0", "2", "7"]));

  it("is painted where its class is drawn, and clear elsewhere", () => {
    const made = painted(pixels, new Set(["2"]));

    expect([...made.slice(0, 4), ...made.slice(8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(`#${[...made.slice(4, 7)].map((value) => value.toString(16).padStart(2, "0")).join("")}`).toBe(stroke(2).colour.toLowerCase());
    expect(made[7]).toBe(128);
  });
});

describe("isDrawn", () => {
  it.each([["0", {}, false], ["0", { 0: "road" }, true], ["3", {}, true], ["3", { 3: "Background" }, false]])("class %s of %j: %s", (number, labels, drawn) => expect(isDrawn(number, labels as Record<string, string>)).toBe(drawn));
});
