import { describe, expect, it } from "vitest";
import { placeAt, tokens } from "./filter-text";

describe("tokens", () => {
  it("keep keys with quotes and dots in one piece", () => {
    expect(tokens(`metrics."val/loss".min <= 1.5 and name like 'it''s%'`).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'key metrics."val/loss".min', "mark <=", "number 1.5", "word and", "key name", "word like", "text 'it''s%'",
    ]);
  });
});

describe("at the cursor", () => {
  it.each([
    ["|", "key", ""],
    ["sta|", "key", "sta"],
    ["state |", "operator", ""],
    ["state = |", "value", ""],
    ["state = 'fin|", "value", "'fin"],
    ["state = 'finished' |", "connective", ""],
    ["state = 'finished' an|", "connective", "an"],
    ["not (state = 'a' or met|", "key", "met"],
    ["tags in (|", "list", ""],
    ["tags in ('a', |", "list", ""],
    ["tags in ('a' |", "comma", ""],
    ["tags not in ('a') |", "connective", ""],
    ["reason is |", "null", ""],
    ["name not like |", "text", ""],
    ['metrics."val/|', "key", 'metrics."val/'],
    ["lr| = 3", "key", "lr"],
  ])("%s wants: %s", (shown, wants, typed) => {
    const place = placeAt(shown.replace("|", ""), shown.indexOf("|"));

    expect([place.wants, place.typed]).toEqual([wants, typed]);
  });

  it("knows the key whose value is wanted", () => {
    expect(placeAt("a = 1 and config.model.kind = ", 30).key).toBe("config.model.kind");
  });
});
