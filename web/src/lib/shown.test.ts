import { describe, expect, it } from "vitest";
import { readShown, toggled, writeShown } from "./shown";

describe("shown runs in the address", () => {
  it.each(["a.0,b.3", "none"])("%s comes back as it was written", (text) => expect(writeShown(readShown(text)!)).toBe(text));

  it("are the table's to choose when it does not name any", () => expect(readShown(undefined)).toBeUndefined());
});

describe("toggled", () => {
  const shown = new Map([["a", 0], ["b", 1], ["c", 2]]);

  it("keeps the colours of the others and gives the free one to who comes", () => {
    expect([...toggled(toggled(shown, ["b"], false), ["x"], true)]).toEqual([["a", 0], ["c", 2], ["x", 1]]);
  });
});
