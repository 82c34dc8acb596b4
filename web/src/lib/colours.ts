// The colours of runs: twelve that stay apart for colour-blind eyes on both papers, Okabe and Ito's first; further runs vary the dash.

export interface Stroke {
  colour: string;
  dash: number[] | undefined;
}

const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8a7a00", "#7b5ea7", "#a6461f", "#4d8c57", "#b5437c", "#6f7d8c"];
const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];

/** The colour and dash of the place a run has; places count from 0. */
export function stroke(place: number): Stroke {
  return { colour: COLOURS[place % COLOURS.length]!, dash: DASHES[Math.floor(place / COLOURS.length) % DASHES.length] };
}

/** Places by run: those that have one keep it, newcomers take the lowest that is free, in their order. */
export function places(runs: readonly string[], kept: ReadonlyMap<string, number>): Map<string, number> {
  const given = new Map(runs.flatMap((run) => (kept.has(run) ? [[run, kept.get(run)!] as const] : [])));
  const taken = new Set(given.values());
  let free = 0;
  for (const run of runs) {
    if (given.has(run)) continue;
    while (taken.has(free)) free += 1;
    given.set(run, free);
    taken.add(free);
  }
  return given;
}
