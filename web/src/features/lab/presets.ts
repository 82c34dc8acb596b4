// The lecture's pictures. A norm is tried on real images where there is a run: noise has mean 0 and variance 1 already.
import type { Asked } from "./queries";

export interface Preset {
  name: string;
  group: "Dropout" | "Norms";
  asked: (run: string | null) => Asked;
}

const NOISE = { shape: [28, 28], seed: 0 };

const dropout = (name: string, input: "normal" | "ones", mode: "train" | "eval", scaling = "inverted"): Preset => ({
  name,
  group: "Dropout",
  asked: () => ({ layer: { kind: "dropout", p: 0.3, scaling }, input, mode, ...NOISE }),
});

const norm = (name: string, layer: Asked["layer"]): Preset => ({
  name,
  group: "Norms",
  asked: (run) => ({ layer, input: run ? { run, batch: 0 } : "normal", mode: "train", ...NOISE, ...(run && { shape: null }) }),
});

export const PRESETS: readonly Preset[] = [
  dropout("noise, training", "normal", "train"),
  dropout("noise, evaluation", "normal", "eval"),
  dropout("ones, training", "ones", "train"),
  dropout("ones, evaluation", "ones", "eval"),
  dropout("classic, ones, evaluation", "ones", "eval", "classic"),
  norm("batch norm", { kind: "batch" }),
  norm("layer norm", { kind: "layer" }),
  norm("group norm", { kind: "group", groups: 4 }),
  norm("RMS norm", { kind: "rms" }),
];

export const FIRST: Asked = PRESETS[0]!.asked(null);
