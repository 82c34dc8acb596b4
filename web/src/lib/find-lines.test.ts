import { describe, expect, it } from "vitest";
import { findLines, pieces, plainLine } from "./find-lines";

const LINES = ["step 0: loss 2.3", "Warning: slow", "step 10: loss 1.1", "warning again"];

describe("findLines", () => {
  it.each([
    ["warning", false, [1, 3]], ["Warning", false, [1]], ["step \\d\\d", true, [2]], ["step \\d\\d", false, []], ["", false, []],
  ])("%s (regex: %s) is in lines %j", (text, isRegex, lines) => expect(findLines(LINES, text, isRegex).lines).toEqual(lines));
  it("says what is wrong with an expression", () => expect(findLines(LINES, "(", true).trouble).toMatch(/^Not a regular expression: /));
});

describe("pieces", () => {
  it("alternate between what does not match and what does", () => expect(pieces("a1b22c", "\\d+", true)).toEqual(["a", "1", "b", "22", "c"]));
  it("never end on an expression that matches nothing", () => expect(pieces("abc", "x*", true)).toEqual(["abc"]));
});

describe("plainLine", () => {
  it("drops colours and what a return wrote over", () => expect(plainLine("\u001b[31m10%\r\u001b[0m20%\r")).toBe("20%"));
});
