import { describe, expect, it } from "vitest";
import { completions } from "./completions";
import { placeAt } from "./filter-text";

const FIELDS = {
  fields: [{ key: "state", kind: "text" as const }, { key: "created_at", kind: "time" as const }],
  config: [{ key: "config.optimizer.lr", numbers: 3, texts: 0 }, { key: "config.model.kind", numbers: 0, texts: 3 }],
  metrics: [{ key: 'metrics."val/loss"', parts: ["last", "min", "max", "min_step", "count"] }],
  tags: ["bn"],
};
const offered = (text: string, values: { value: string | number; runs: number }[] = []) =>
  completions(placeAt(text, text.length), FIELDS, { key: "x", values, more: false, min: null, max: null }).map((each) => each.text);

describe("completions", () => {
  it.each([
    ["lo", 'metrics."val/loss"'],
    ["metrics.val", 'metrics."val/loss"'],
    ["lr", "config.optimizer.lr"],
    ["sta", "state"],
    ["config.optimizer.lr ", "<"],
    ["config.model.kind ", "="],
    ["tags ", "in ("],
    ["state = 'a' ", "and"],
    ["tags in ('a' ", ","],
  ])("of %j begin with %s", (text, first) => expect(offered(text)[0]).toBe(first));

  it("offer a metric's sums", () => expect(offered("loss")).toContain('metrics."val/loss".min'));

  it("offer the values that runs have, written as a filter takes them", () => {
    expect(offered("config.model.kind = ", [{ value: "it's", runs: 2 }, { value: 3, runs: 1 }])).toEqual(["'it''s'", "3"]);
  });
});
