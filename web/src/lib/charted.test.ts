import { describe, expect, it } from "vitest";
import { charted, chartedText, windowOf } from "./charted";

describe("charted", () => {
  it.each([
    [undefined, ["lr", "val/loss"], ["val/loss"]],
    [undefined, ["system/x", "b", "a", "c", "d"], ["b", "a", "c"]],
    ["lr,gone", ["lr"], ["lr"]],
    ["none", ["lr"], []],
    ["%", ["lr"], []],
  ])("%j of %j", (text, there, metrics) => expect(charted(text, there)).toEqual(metrics));

  it("reads what was written", () => expect(charted(chartedText(["a,b", "50%"]), ["50%", "a,b"])).toEqual(["a,b", "50%"]));
});

describe("windowOf", () => {
  it.each([["1~2.5", { min: 1, max: 2.5 }], ["2~1", null], ["", null], [undefined, null], ["a~b", null]])("%j", (text, range) => expect(windowOf(text)).toEqual(range));
});
