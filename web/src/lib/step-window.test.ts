import { expect, it } from "vitest";
import { windowOf } from "./step-window";

it.each([["10-20", { from: 10, to: 20 }], ["20-10", null], ["", null], [undefined, null], ["a-b", null], ["5-5", null], ["-1-5", null]])("%s", (text, window) => {
  expect(windowOf(text)).toEqual(window);
});
