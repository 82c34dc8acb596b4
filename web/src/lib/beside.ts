// Two series of exact values, step by step.
import { ulps } from "./ulps";

interface Exact { steps: ArrayLike<number>; values?: ArrayLike<number> }

export interface Beside {
  step: number;
  one: number | null;
  other: number | null;
  same: boolean;
  /** "3 ulps of float32"; words where that cannot be counted. */
  apart: string;
}

/** Up to `most` steps around `at`, at which either has a value; none unless both came whole. */
export function beside(one: Exact, other: Exact, at: number, most: number): Beside[] {
  if (!one.values || !other.values) return [];
  const [mine, theirs] = [byStep(one), byStep(other)];
  const steps = [...new Set([...mine.keys(), ...theirs.keys()])].sort((a, b) => a - b);
  const found = steps.findIndex((step) => step >= at);
  const middle = found < 0 ? steps.length : found;
  const start = Math.max(0, Math.min(middle - Math.floor(most / 4), steps.length - most));
  return steps.slice(start, start + most).map((step) => row(step, mine.get(step) ?? null, theirs.get(step) ?? null));
}

const byStep = ({ steps, values }: Exact): Map<number, number> => new Map(Array.from(steps, (step, place) => [step, values![place]!]));

function row(step: number, one: number | null, other: number | null): Beside {
  if (one === null || other === null) return { step, one, other, same: false, apart: "in one run only" };
  if (Object.is(one, other)) return { step, one, other, same: true, apart: "" };
  const found = ulps(one, other);
  if (found === null) return { step, one, other, same: false, apart: "not a number" };
  return { step, one, other, same: false, apart: found.ulps === 0n ? "the sign of zero" : `${found.ulps.toLocaleString("en-US")} ${found.ulps === 1n ? "ulp" : "ulps"} of ${found.of}` };
}
