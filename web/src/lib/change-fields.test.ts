import { describe, expect, it } from "vitest";
import { changeFields, changeOf, EMPTY, errorsByDraft, valuesOf } from "./change-fields";

const SCHEMA = {
  $defs: {
    Sgd: { properties: { kind: { const: "sgd" }, lr: { type: "number", description: "rate" } } },
    Adam: { properties: { kind: { const: "adam" }, lr: { type: "number" }, betas: { type: "array" } } },
  },
  properties: {
    optimizer: { oneOf: [{ $ref: "#/$defs/Sgd" }, { $ref: "#/$defs/Adam" }] },
    batch_size: { anyOf: [{ type: "integer" }, { const: "full" }] },
    stop: { anyOf: [{ $ref: "#/$defs/Sgd" }, { type: "null" }] },
    nesterov: { type: "boolean" },
  },
};

describe("changeFields", () => {
  const fields = new Map(changeFields(SCHEMA).map((field) => [field.path, field]));

  it("names every leaf once", () => expect([...fields.keys()]).toEqual(["optimizer.kind", "optimizer.lr", "optimizer.betas", "batch_size", "stop.kind", "stop.lr", "nesterov"]));
  it("knows choices of all kinds", () => {
    expect(fields.get("optimizer.kind")!.choices).toEqual(["sgd", "adam"]);
    expect(fields.get("batch_size")!.choices).toEqual(["full"]);
    expect(fields.get("nesterov")!.choices).toEqual(["true", "false"]);
  });
  it("knows lists and keeps the first help", () => {
    expect(fields.get("optimizer.betas")!.list).toBe(true);
    expect(fields.get("optimizer.lr")!.help).toBe("rate");
  });
});

describe("valuesOf", () => {
  it.each([["0.1, 0.5", [0.1, 0.5]], ["batch", ["batch"]], ["batch, layer", ["batch", "layer"]], ["[64], [128]", [[64], [128]]], ["full, 32", ["full", 32]], ["", []], ["null", [null]], ['{"kind": "adam"}', [{ kind: "adam" }]]])(
    "%j",
    (text, values) => expect(valuesOf(text)).toEqual(values),
  );
});

describe("changeOf", () => {
  it("is nothing until a field has a value", () => expect(changeOf(EMPTY)).toBeUndefined());
  it("is a grid for several values", () =>
    expect(changeOf({ name: " rate ", parts: [{ path: "lr", text: "1, 2" }, { path: "", text: "x" }], many: true })).toEqual({ name: "rate", set: { lr: [1, 2] }, factors: "many" }));
});

describe("errorsByDraft", () => {
  it("finds the draft behind the change that was sent", () => {
    const full = { ...EMPTY, parts: [{ path: "lr", text: "1" }] };

    expect(errorsByDraft([EMPTY, full], [{ pointer: "/changes/0/set", detail: "no" }, { pointer: "/seeds", detail: "x" }])).toEqual(new Map([[1, ["no"]]]));
  });
});
