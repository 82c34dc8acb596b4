// Of runs that finished, the one most like a run that did not.
import { differences } from "./config-text";

export interface Alike<Run> {
  run: Run;
  differences: { path: string; mine: unknown; other: unknown }[];
}

// What a run computes does not depend on these.
const ASIDE = /^(eval_every|checkpoint_every_s|digest_every|diagnostics|best_metric)(\.|$)/;

/** The run whose config differs from `config` in the fewest values, the earliest of these; null when there are none. */
export function mostAlike<Run extends { config: unknown }>(config: unknown, runs: readonly Run[]): Alike<Run> | null {
  let best: Alike<Run> | null = null;
  for (const run of runs) {
    const found = differences(config, run.config).filter(({ path }) => !ASIDE.test(path));
    if (best === null || found.length < best.differences.length) best = { run, differences: found };
  }
  return best;
}
