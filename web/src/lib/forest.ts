// A study's differences to its baseline as places on one line: where intervals, seeds and the ends of the picture lie, from 0 to 1.
import type { Schemas } from "../api/client";

export type Study = Schemas["StudyShown"];
export type Variant = Schemas["StudyVariant"];
export type Unit = "metric" | "noise";

export interface Dot {
  seed: number;
  run: string | null;
  difference: number;
  at: number;
  diverged: boolean;
}

export interface ForestRow {
  variant: Variant;
  mean: number | null;
  at: number | null;
  ci: [number, number] | null;
  ends: [number, number] | null;
  /** Whether the mean lies left (-1) or right (1) of what the picture shows. */
  beyond: -1 | 0 | 1;
  dots: Dot[];
  /** Seeds that diverged and left no number to draw. */
  unplaced: number;
  /** Of so many seeds with a number, when not all are drawn. */
  valued: number;
}

export interface Forest {
  rows: ForestRow[];
  ticks: { value: number; at: number }[];
  zero: number;
  /** Which end is worse: where seeds without a number stand. */
  worse: -1 | 1;
}

const MOST_DOTS = 200;
const FAR = 10; // so many times the median extent is left out of the picture and told in words

/** Rows for every variant but the baseline. In units of seed noise, differences are divided by the sd of the baseline over seeds. */
export function forestOf(study: Study, unit: Unit): Forest {
  const scale = unit === "noise" && study.noise.seeds ? 1 / study.noise.seeds : 1;
  const baseline = new Map(study.variants.find((each) => each.difference === null)?.seeds.map(({ seed, value }) => [seed, value]) ?? []);
  const told = study.variants.filter((each) => each.difference !== null).map((variant) => ({
    variant,
    mean: scaled(variant.difference!.mean, scale),
    ci: variant.difference!.ci95 === null ? null : ([variant.difference!.ci95[0]! * scale, variant.difference!.ci95[1]! * scale] as [number, number]),
    pairs: variant.seeds.flatMap(({ seed, run, value, diverged }) => {
      const other = baseline.get(seed);
      return typeof value === "number" && typeof other === "number" ? [{ seed, run, diverged, difference: (value - other) * scale }] : [];
    }),
  }));
  const [low, high] = ends(told.map(({ mean, ci, pairs }) => [...(mean === null ? [] : [mean]), ...(ci ?? []), ...pairs.filter((each) => !each.diverged).map((each) => each.difference)]));
  const at = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  return {
    rows: told.map(({ variant, mean, ci, pairs }) => ({
      variant,
      mean,
      at: mean === null ? null : at(mean),
      ci,
      ends: ci && [at(ci[0]), at(ci[1])],
      beyond: mean === null || (mean >= low && mean <= high) ? 0 : mean < low ? -1 : 1,
      dots: thinned(pairs, MOST_DOTS).map((each) => ({ ...each, at: at(each.difference) })),
      unplaced: variant.seeds.filter(({ value, diverged }) => diverged && typeof value !== "number").length,
      valued: pairs.length,
    })),
    ticks: ticks(low, high).map((value) => ({ value, at: at(value) })),
    zero: at(0),
    worse: study.goal === "min" ? 1 : -1,
  };
}

const scaled = (value: number | null, scale: number): number | null => (value === null ? null : value * scale);

/** The ends of the picture: all that is drawn and 0, but for rows ten times as far out as the middle one. */
export function ends(rows: readonly number[][]): [number, number] {
  const extents = rows.map((row) => Math.max(0, ...row.map(Math.abs))).filter((extent) => extent > 0).sort((one, other) => one - other);
  const middle = extents[Math.floor((extents.length - 1) / 2)] ?? 0;
  const shown = rows.flat().filter((value) => Math.abs(value) <= middle * FAR);
  const low = Math.min(0, ...shown);
  const high = Math.max(0, ...shown);
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

/** Round numbers between two ends, 0 among them when it lies there; about five. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** At most `most` of the items, evenly taken. */
export function thinned<Item>(items: readonly Item[], most: number): Item[] {
  const every = Math.ceil(items.length / most);
  return every <= 1 ? [...items] : items.filter((_, place) => place % every === 0);
}

/** How many seeds a study lacks before anything can be concluded, and the ones to add: those that follow the largest. */
export function seedsLacking(study: Pick<Study, "seeds" | "seeds_needed">): number[] {
  return nextSeeds(study.seeds, Math.max(0, study.seeds_needed - study.seeds.length));
}

export const nextSeeds = (seeds: readonly number[], count: number): number[] => {
  const from = seeds.reduce((largest, seed) => Math.max(largest, seed), -1) + 1;
  return Array.from({ length: count }, (_, place) => from + place);
};

/** Seeds as somebody types them: "0-9", "1, 5, 7-9"; null when it is no list of seeds, or more than 5,000. */
export function seedsOf(text: string): number[] | null {
  const seeds = new Set<number>();
  for (const part of text.split(/[,\s]+/).filter(Boolean)) {
    const match = /^(\d{1,15})(?:[-–](\d{1,15}))?$/.exec(part);
    if (!match) return null;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (to < from || to - from >= 5000) return null;
    for (let seed = from; seed <= to; seed += 1) seeds.add(seed);
  }
  return seeds.size > 0 && seeds.size <= 5000 ? [...seeds] : null;
}

/** Seeds briefly: "0-9, 12". */
export function seedsText(seeds: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < seeds.length; ) {
    let end = at;
    while (seeds[end + 1] === seeds[end]! + 1) end += 1;
    parts.push(end === at ? `${seeds[at]}` : `${seeds[at]}-${seeds[end]}`);
    at = end + 1;
  }
  return parts.join(", ");
}
