import { describe, expect, it } from "vitest";
import { edited, edits, valueAt, withValue } from "./config-edit";

const BASE = { seed: 1, optimizer: { kind: "sgd", lr: 0.1 }, model: { hidden: [256], norm: { kind: "none" } } };

describe("withValue", () => {
  it("changes one value and leaves what it was given", () => {
    const changed = withValue(BASE, "model.norm", { kind: "batch" });

    expect(valueAt(changed, "model.norm.kind")).toBe("batch");
    expect(BASE.model.norm.kind).toBe("none");
  });

  it("makes objects that are missing, and takes away those that hold nothing any more", () => {
    const made = withValue({ seed: 1 }, "model.dropout.p", 0.5);

    expect(made).toEqual({ seed: 1, model: { dropout: { p: 0.5 } } });
    expect(withValue(made, "model.dropout.p", undefined)).toEqual({ seed: 1 });
  });
});

describe("edits", () => {
  it.each([
    [{ ...BASE, seed: 2 }, [{ path: "seed", value: 2 }]],
    [{ ...BASE, optimizer: { kind: "adam", lr: 0.01 } }, [{ path: "optimizer", value: { kind: "adam", lr: 0.01 } }]],
    [{ ...BASE, model: { hidden: [64, 64], norm: { kind: "none" } } }, [{ path: "model.hidden", value: [64, 64] }]],
    [{ seed: 1, model: BASE.model }, [{ path: "optimizer", value: undefined }]],
    [structuredClone(BASE), []],
  ])("to get %j", (config, expected) => {
    expect(edits(BASE, config)).toEqual(expected);
    expect(edited(BASE, expected)).toEqual(config);
  });
});
