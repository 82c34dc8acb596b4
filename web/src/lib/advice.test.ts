import { expect, it } from "vitest";
import { advice } from "./advice";

it.each([
  ["threads", 1, /RUNTWICE_THREADS/], ["config.seed", 1, /the same seed/], ["variables.MKL_CBWR", null, /MKL_CBWR/], ["optimizer.fused", false, /fused = false/],
  ["something new", 1, /node of the original/],
])("what to do about %s", (what, given, words) => expect(advice(what, given)).toMatch(words));
