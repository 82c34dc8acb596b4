// What is known of a run's reruns, as a seal and a sentence; and the timeline of digests of a run and its rerun.
import type { Schemas } from "../api/client";
import type { SealKind } from "../ui/seal";

export type Verdict = Schemas["VerdictShown"];
export type Rerun = Schemas["RerunListed"];
export type Link = Schemas["LinkShown"];

const ACTIVE = ["queued", "running"];

export const isActive = (state: string): boolean => ACTIVE.includes(state);

/** Reruns that are still to be judged. */
export const waiting = (reruns: readonly Rerun[]): Rerun[] => reruns.filter(({ state, verdict }) => verdict === null && state !== "cancelled");

/** The verdict that was given last, null when there is none. */
export function latest(reruns: readonly Rerun[]): Verdict | null {
  const verdicts = reruns.flatMap(({ verdict }) => (verdict ? [verdict] : []));
  return verdicts.reduce<Verdict | null>((last, each) => (last === null || each.judged_at > last.judged_at ? each : last), null);
}

/** The seal of a run with these reruns: one that differs outweighs all that are the same. */
export function sealOf(reruns: readonly Rerun[]): SealKind {
  const verdicts = reruns.flatMap(({ verdict }) => (verdict ? [verdict] : []));
  if (verdicts.some(({ outcome }) => outcome === "different")) return "different";
  if (verdicts.some(({ outcome }) => outcome === "identical")) return latest(reruns)?.stale ? "stale" : "identical";
  return verdicts.length > 0 ? "not_comparable" : "never";
}

/** "Reproduced 3 of 3": how many of the reruns that could be compared gave the same bits. */
export function sealWords(reruns: readonly Rerun[]): string {
  const outcomes = reruns.flatMap(({ verdict }) => (verdict && verdict.outcome !== "not_comparable" ? [verdict.outcome] : []));
  const same = outcomes.filter((outcome) => outcome === "identical").length;
  if (outcomes.length > 0 && same === outcomes.length) return `Reproduced ${same} of ${outcomes.length}`;
  if (outcomes.length > 0) return `Different in ${outcomes.length - same} of ${outcomes.length} ${outcomes.length === 1 ? "rerun" : "reruns"}`;
  return reruns.some(({ verdict }) => verdict !== null) ? "Rerun, but not comparable" : "Never rerun";
}

export interface Cell {
  label: string;
  /** What a pointer resting on it reads. */
  words: string;
  kind: "same" | "different" | "missing";
  group: "before" | "steps" | "end";
  /** The steps it stands for, where it stands for steps. */
  from?: number;
  to?: number;
  original: string | null;
  rerun: string | null;
}

export interface Timeline {
  cells: Cell[];
  /** The place of the first cell that does not match, -1 when all do. */
  first: number;
}

const STAGES: readonly (readonly [string, string])[] = [
  ["data", "the images and labels"], ["split", "which images are for training"], ["order", "the order of the batches"], ["initial", "the first weights"],
];
export const PARTS = ["order", "rng", "weights", "optimizer", "buffers"] as const;

/** Digests of both runs, cell by cell in the order of training; of more than `most` links of the chain, neighbours share a cell. */
export function timeline(
  original: { digests: Record<string, unknown> | null; chain: readonly Link[] },
  rerun: { digests: Record<string, unknown> | null; chain: readonly Link[] },
  most = 60,
): Timeline {
  const before = STAGES.map(([label, what]) => cell(label, what, "before", text(original.digests?.[label]), text(rerun.digests?.[label])));
  const end = cell("final", "the final weights", "end", text(original.digests?.final), text(rerun.digests?.final));
  const cells = [...before, ...steps(original.chain, rerun.chain, most), end];
  return { cells, first: cells.findIndex(({ kind }) => kind === "different") };
}

const text = (digest: unknown): string | null => (typeof digest === "string" ? digest : null);

function cell(label: string, what: string, group: Cell["group"], original: string | null, rerun: string | null): Cell {
  const kind = original === null || rerun === null ? "missing" : original === rerun ? "same" : "different";
  const words = { same: `${what}: the same in both`, different: `${what}: not the same`, missing: `${what}: on record of ${original === rerun ? "neither" : "one"} run only` }[kind];
  return { label, words: kind === "missing" && original === rerun ? `${what}: not on record` : words, kind, group, original, rerun };
}

function steps(one: readonly Link[], other: readonly Link[], most: number): Cell[] {
  const theirs = new Map(other.map((link) => [link.step, link]));
  const size = Math.max(1, Math.ceil(one.length / most));
  const found: Cell[] = [];
  for (let at = 0; at < one.length; at += size) found.push(ofLinks(one.slice(at, at + size), theirs));
  return found;
}

/** One cell for neighbouring links: it shows the first of them that differs, else the last. */
function ofLinks(links: readonly Link[], theirs: ReadonlyMap<number, Link>): Cell {
  const broken = links.find((link) => parting(link, theirs.get(link.step)).length > 0);
  const shown = broken ?? links.at(-1)!;
  const other = theirs.get(shown.step);
  const from = links[0]!.step;
  const to = links.at(-1)!.step;
  const label = from === to ? `${from}` : `${from}–${to}`;
  const kind = broken ? "different" : links.some(({ step }) => theirs.has(step)) ? "same" : "missing";
  const where = from === to ? `behind step ${from}` : `behind steps ${from} to ${to}`;
  const words = {
    same: `${where}: weights, optimizer, buffers and random state the same in both`,
    different: `behind step ${shown.step}: ${parting(shown, other).map((part) => PART_WORDS[part]).join(", ")} not the same`,
    missing: `${where}: only one run has it on record`,
  }[kind];
  return { label, words, kind, group: "steps", from, to, original: shown.weights, rerun: other?.weights ?? null };
}

export const PART_WORDS: Record<(typeof PARTS)[number], string> = {
  order: "the order of batches", rng: "the random state", weights: "the weights", optimizer: "what the optimizer holds", buffers: "the buffers (running statistics)",
};

/** The parts in which two links differ; none when one of them is not there. */
export function parting(one: Link, other: Link | undefined): (typeof PARTS)[number][] {
  return other ? PARTS.filter((part) => one[part] !== other[part]) : [];
}
