import { describe, expect, it } from "vitest";
import { concluded, inColumn } from "./concluded";
import { runKey } from "./run-keys";

type Said = "better" | "worse" | "no_difference_found" | "not_enough_seeds" | null;
const study = (conclusion: Said, use = "last", goal = "min") => ({
  name: "norms", metric: "val/loss", use, goal,
  variants: [{ name: "baseline", runs: ["b1", "b2"], conclusion: null }, { name: "batch", runs: ["r1", "r2"], conclusion }],
});
const at = (studies: ReturnType<typeof study>[], run: string, column: string, baseline = "b1") => inColumn(concluded(studies, baseline).get(run), runKey(column));

describe("a study's conclusion", () => {
  it("is of its variant's runs in its metric", () => {
    expect(at([study("better")], "r2", 'metrics."val/loss"')).toMatchObject({ better: true, words: "batch is better, as the study norms concludes" });
    expect(at([study("worse")], "r1", 'metrics."val/loss".last')).toMatchObject({ better: false });
  });

  it.each([["best", "min", "min"], ["best", "max", "max"]])("of the %s by %s is of the column %s", (use, goal, part) => {
    expect(at([study("better", use, goal)], "r1", `metrics."val/loss".${part}`)).not.toBeNull();
    expect(at([study("better", use, goal)], "r1", 'metrics."val/loss"')).toBeNull();
  });

  it.each<[string, Said]>([["no difference", "no_difference_found"], ["too few seeds", "not_enough_seeds"], ["nothing yet", null]])("of %s colours nothing", (_, said) =>
    expect(at([study(said)], "r1", 'metrics."val/loss"')).toBeNull());

  it("says nothing of other runs, columns and baselines", () => {
    expect(at([study("better")], "x", 'metrics."val/loss"')).toBeNull();
    expect(at([study("better")], "b2", 'metrics."val/loss"')).toBeNull();
    expect(at([study("better")], "r1", "metrics.lr")).toBeNull();
    expect(at([study("better")], "r1", "config.lr")).toBeNull();
    expect(at([study("better")], "r1", 'metrics."val/loss"', "r2")).toBeNull();
  });

  it("that another contradicts says nothing", () => expect(at([study("better"), study("worse")], "r1", 'metrics."val/loss"')).toBeNull());
});
