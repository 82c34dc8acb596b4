import { describe, expect, it } from "vitest";
import { csv } from "./download";

describe("csv", () => {
  it("quotes what must be, and leaves numbers as they are", () => {
    expect(csv([["a,b", 'c"d', 1e-7, NaN, -1, null]])).toBe('"a,b","c""d",1e-7,NaN,-1,\r\n');
  });

  it("lets no spreadsheet run a name", () => expect(csv([["=1+1"]])).toBe("'=1+1\r\n"));
});
