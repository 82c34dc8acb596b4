// What a layer computes, in words and with the numbers of one element filled in, from its input and its output.
import { number } from "./format";
import { indices } from "./tensor";

export interface Tried {
  layer: { kind: string; [name: string]: unknown };
  mode: string;
  shape: readonly number[];
  before: Float64Array;
  after: Float64Array;
}

/** `rule` is the formula; `here` the same for one element; `notes` say over what, and what else to know. */
export interface Formula {
  rule: string;
  here: string;
  notes: string[];
}

const n = (value: number): string => number(value, 4).replace(/^-/, "−");

export function formula(tried: Tried): Formula {
  const { layer } = tried;
  switch (layer.kind) {
    case "dropout": return dropout(tried);
    case "batch": return tried.mode === "eval" ? running(tried) : centred(tried);
    case "layer":
    case "group":
    case "instance": return centred(tried);
    case "rms": return rootMeanSquare(tried);
    default: return pointwise(tried);
  }
}

function dropout({ layer, mode, shape, before, after }: Tried): Formula {
  const p = Number(layer.p);
  const [keep, classic] = [1 - p, layer.scaling === "classic"];
  const each = layer.spatial ? "each channel of each sample" : "each element";
  if (mode === "eval") {
    const place = firstOther(before, 0);
    const rule = classic ? `y = (1 − p) · x = ${n(keep)} · x` : "y = x";
    return { rule, here: element(shape, place, before, after, classic ? `${n(keep)} · ${n(before[place]!)}` : n(before[place]!)), notes: [classic ? "Classic scaling makes up for training at evaluation." : "With inverted scaling nothing is done at evaluation: training has made up for it."] };
  }
  const place = before.findIndex((value, at) => value !== 0 && after[at] !== 0);
  let [kept, whole] = [0, 0];
  before.forEach((value, at) => { if (value !== 0) { whole += 1; if (after[at] !== 0) kept += 1; } });
  return {
    rule: classic ? "y = m · x" : `y = m · x / (1 − p) = m · x / ${n(keep)}`,
    here: place < 0 ? "Here every element was zeroed." : element(shape, place, before, after, classic ? n(before[place]!) : `${n(before[place]!)} / ${n(keep)}`),
    notes: [
      `m is 0 with probability ${n(p)} and 1 otherwise, drawn for ${each}.`,
      ...(whole ? [`Kept here: ${number((100 * kept) / whole, 3)} % of what was not 0; expected ${number(100 * keep, 3)} %.`] : []),
      ...(classic ? [] : [`What is kept is made larger by 1 / ${n(keep)} = ${n(1 / keep)}, so that the mean stays.`]),
    ],
  };
}

const OVER: Record<string, string> = {
  batch: "a channel, over all samples and pixels",
  layer: "a sample, over all its features or channels and pixels",
  group: "a sample, over a group of neighbouring channels and their pixels",
  instance: "a channel of a sample, over its pixels",
  rms: "a sample, over all its features or channels and pixels",
};

function centred({ layer, shape, before, after }: Tried): Formula {
  const values = together(layer, shape, before);
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  const eps = Number(layer.eps);
  return {
    rule: "y = γ · (x − μ) / √(σ² + ε) + β, with γ = 1 and β = 0 as they begin",
    here: element(shape, 0, before, after, `(${n(before[0]!)} − ${bracketed(mean)}) / √(${n(variance)} + ${n(eps)})`),
    notes: [`μ and σ² are of ${OVER[layer.kind]!}; here of ${values.length} values: μ = ${n(mean)}, σ² = ${n(variance)}.`],
  };
}

function running({ layer, shape, before, after }: Tried): Formula {
  return {
    rule: "y = γ · (x − running mean) / √(running variance + ε) + β, with γ = 1 and β = 0 as they begin",
    here: element(shape, 0, before, after, `(${n(before[0]!)} − 0) / √(1 + ${n(Number(layer.eps))})`),
    notes: ["At evaluation the running values are used. Of a layer that has not trained they are mean 0 and variance 1: it does next to nothing."],
  };
}

function rootMeanSquare({ layer, shape, before, after }: Tried): Formula {
  const values = together(layer, shape, before);
  const square = values.reduce((total, value) => total + value * value, 0) / values.length;
  return {
    rule: "y = γ · x / √(mean of x² + ε), with γ = 1 as it begins",
    here: element(shape, 0, before, after, `${n(before[0]!)} / √(${n(square)} + ${n(Number(layer.eps))})`),
    notes: [`The mean of x² is of ${OVER.rms!}; here of ${values.length} values: ${n(square)}. No mean is taken away.`],
  };
}

const RULES: Record<string, [string, (x: string) => string, string]> = {
  relu: ["y = max(x, 0)", (x) => `max(${x}, 0)`, "What is below 0 becomes 0; its gradient, too."],
  gelu: ["y = x · Φ(x), Φ the normal distribution's probability of less than x", (x) => `${x} · Φ(${x})`, "Smooth, and a little below 0 for negative x."],
  silu: ["y = x · σ(x) = x / (1 + e⁻ˣ)", (x) => `${x} · σ(${x})`, "Smooth, and a little below 0 for negative x."],
  tanh: ["y = tanh(x)", (x) => `tanh(${x})`, "Between −1 and 1; far from 0 its gradient vanishes."],
  softmax: ["yᵢ = e^xᵢ / Σⱼ e^xⱼ, over the second dimension", (x) => `e^${x} / Σⱼ e^xⱼ`, "Every sample's values are above 0 and sum to 1."],
};

function pointwise({ layer, shape, before, after }: Tried): Formula {
  const [rule, here, note] = RULES[layer.kind] ?? [layer.kind, (x: string) => x, ""];
  return { rule, here: element(shape, 0, before, after, here(n(before[0]!))), notes: note ? [note] : [] };
}

/** The values that are normalized together with the first one. */
function together({ kind, groups }: Tried["layer"], shape: readonly number[], before: Float64Array): Float64Array {
  const [samples = 1, channels = 1, ...rest] = shape;
  const pixels = rest.reduce((total, size) => total * size, 1);
  if (kind !== "batch") return before.subarray(0, kind === "instance" ? pixels : kind === "group" ? (channels / Number(groups)) * pixels : channels * pixels);
  return Float64Array.from({ length: samples * pixels }, (_, at) => before[Math.floor(at / pixels) * channels * pixels + (at % pixels)]!);
}

const bracketed = (value: number): string => (value < 0 ? `(${n(value)})` : n(value));
const firstOther = (values: Float64Array, than: number): number => Math.max(0, values.findIndex((value) => value !== than));
const element = (shape: readonly number[], place: number, before: Float64Array, after: Float64Array, sum: string): string => {
  const at = indices(place, shape).join(", ");
  return `x[${at}] = ${n(before[place]!)}  →  y[${at}] = ${sum} = ${n(after[place]!)}`;
};
