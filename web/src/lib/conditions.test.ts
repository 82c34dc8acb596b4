import { describe, expect, it } from "vitest";
import { conditions, joined, written } from "./conditions";

describe("conditions", () => {
  it("are what stands between the outer ands", () => {
    const found = conditions(`state = 'finished' and metrics."val/loss".min < 1.6 and (a = 1 or b = 2) and tags not in ('x', 'y') and reason is not null`);

    expect(found.map(({ key, operator, values }) => [key, operator, values])).toEqual([
      ["state", "=", ["finished"]], ['metrics."val/loss".min', "<", ["1.6"]], ["", "", []], ["tags", "not in", ["x", "y"]], ["reason", "is not null", []],
    ]);
    expect(found[2]!.text).toBe("(a = 1 or b = 2)");
  });

  it.each(["a = 1 or b = 2 and c = 3", "a = 1 or b = 2"])("are one when an or stands outside: %s", (filter) => expect(conditions(filter).map(({ text }) => text)).toEqual([`(${filter})`]));

  it.each([["", 0], ["a = ", 1], ["not a = 1", 1]])("of %j are %i", (filter, count) => expect(conditions(filter)).toHaveLength(count));

  it.each(["state = 'it''s'", "a in (1, 'b')", "name not like '%2%'", "a is null", "a = 'true' and b >= 0.5"])("come back as they were written: %s", (filter) => {
    expect(joined(conditions(filter).map((each) => ({ text: written(each) })))).toBe(filter);
  });
});
