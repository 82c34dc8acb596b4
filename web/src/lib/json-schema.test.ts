import { describe, expect, it } from "vitest";
import { active, fieldsOf, type JsonSchema, titled } from "./json-schema";

const SCHEMA: JsonSchema = {
  type: "object",
  required: ["dataset"],
  properties: {
    dataset: { $ref: "#/$defs/Dataset", description: "what is learned" },
    norm: { description: "normalization", oneOf: [{ $ref: "#/$defs/None" }, { $ref: "#/$defs/Group" }] },
    batch_size: { anyOf: [{ type: "integer", minimum: 1, maximum: 10_000_000 }, { const: "full", type: "string" }], default: 64, description: "images per step" },
    grad_clip: { anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }], default: null },
    stopping: { anyOf: [{ $ref: "#/$defs/Stopping" }, { type: "null" }], default: null },
  },
  $defs: {
    Dataset: { type: "object", required: ["name"], properties: { name: { type: "string", examples: ["digits"] } } },
    None: { type: "object", properties: { kind: { const: "none", description: "no normalization" } } },
    Group: { type: "object", properties: { kind: { const: "group", description: "over groups" }, groups: { type: "integer", default: 8, minimum: 1, maximum: 1e9 } } },
    Stopping: { type: "object", properties: { patience: { type: "integer", default: 20 } } },
  },
};
const at = (config: Record<string, unknown>) => (path: string) => path.split(".").reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], config);

describe("fieldsOf", () => {
  const [dataset, norm, batch, clip, stopping] = fieldsOf(SCHEMA);

  it("follows references and keeps what is said beside them", () => {
    expect(dataset).toMatchObject({ path: "dataset", help: "what is learned", required: true, shape: { form: "object", fields: [{ path: "dataset.name", required: true }] } });
  });

  it("reads a union as choices, without the field that names the kind", () => {
    expect(norm!.shape).toMatchObject({ form: "union", choices: [{ kind: "none", help: "no normalization", fields: [] }, { kind: "group", fields: [{ path: "norm.groups", default: 8 }] }] });
  });

  it("knows numbers that may also be a word, and what may be null", () => {
    expect(batch).toMatchObject({ shape: { form: "number", words: ["full"] }, nullable: false, limits: "whole number, at least 1, at most 10000000" });
    expect(clip).toMatchObject({ shape: { form: "number" }, nullable: true, limits: "above 0" });
    expect(stopping).toMatchObject({ shape: { form: "object" }, nullable: true });
  });
});

describe("active", () => {
  it.each([
    [{}, ["dataset", "dataset.name", "norm", "batch_size", "grad_clip", "stopping"]],
    [{ norm: { kind: "group" }, stopping: {} }, ["dataset", "dataset.name", "norm", "norm.groups", "batch_size", "grad_clip", "stopping", "stopping.patience"]],
  ])("of %j are %j", (config, paths) => expect(active(fieldsOf(SCHEMA), at(config)).map(({ path }) => path)).toEqual(paths));
});

describe("titled", () => {
  it.each([["total_iterations", "Total iterations"], ["checkpoint_every_s", "Checkpoint every (s)"], ["optimizer.lr", "Learning rate"], ["scheduler.max_lr", "Max learning rate"]])(
    "%s is %s",
    (path, words) => expect(titled(path)).toBe(words),
  );
});
