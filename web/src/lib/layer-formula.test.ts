import { describe, expect, it } from "vitest";
import { formula } from "./layer-formula";

const tried = (layer: Record<string, unknown>, before: number[], after: number[], shape = [2, 2], mode = "train") => ({ layer: layer as { kind: string }, mode, shape, before: Float64Array.from(before), after: Float64Array.from(after) });

describe("formula", () => {
  it("of dropout in training fills in an element that was kept, and counts", () => {
    const found = formula(tried({ kind: "dropout", p: 0.5, scaling: "inverted" }, [1, 2, 3, 4], [0, 4, 6, 0]));

    expect(found.rule).toBe("y = m · x / (1 − p) = m · x / 0.5");
    expect(found.here).toBe("x[0, 1] = 2  →  y[0, 1] = 2 / 0.5 = 4");
    expect(found.notes).toContain("Kept here: 50 % of what was not 0; expected 50 %.");
  });

  it.each([["inverted", "y = x"], ["classic", "y = (1 − p) · x = 0.5 · x"]])("of %s dropout at evaluation is %s", (scaling, rule) => {
    expect(formula(tried({ kind: "dropout", p: 0.5, scaling }, [1, 1, 1, 1], [1, 1, 1, 1], [2, 2], "eval")).rule).toBe(rule);
  });

  it.each([
    ["batch", { eps: 0 }, [1, 9, 3, 9], "(1 − 2) / √(1 + 0)", 2],
    ["layer", { eps: 0 }, [1, 3, 9, 9], "(1 − 2) / √(1 + 0)", 2],
    ["group", { eps: 0, groups: 2 }, [1, 3, 9, 9, 0, 0, 0, 0], "(1 − 2) / √(1 + 0)", 2],
    ["rms", { eps: 0 }, [1, 7, 9, 9], "1 / √(25 + 0)", 2],
  ])("of %s norm takes its mean over the right values", (kind, fields, before, sum, count) => {
    const found = formula(tried({ kind, ...fields }, before, before, kind === "group" ? [2, 4] : [2, 2]));

    expect(found.here).toContain(sum);
    expect(found.notes[0]).toContain(`of ${count} values`);
  });

  it("knows that batch norm at evaluation uses running values", () => expect(formula(tried({ kind: "batch", eps: 1e-5 }, [1, 2, 3, 4], [1, 2, 3, 4], [2, 2], "eval")).rule).toContain("running mean"));
});
