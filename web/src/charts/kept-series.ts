// Curves that were fetched lately, so that showing one run more asks for that run only.
import type { Series } from "./columns";
import type { SeriesAsked } from "./use-series";

const KEPT_FOR_MS = 60_000;
const MOST_NUMBERS = 20_000_000;

const kept = new Map<string, { series: Series; at: number }>();
let numbers = 0;

export function get(asked: SeriesAsked, run: string, metric: string, now = Date.now()): Series | undefined {
  const key = keyOf(asked, run, metric);
  const found = kept.get(key);
  if (!found) return undefined;
  if (now - found.at <= KEPT_FOR_MS) return found.series;
  remove(key);
  return undefined;
}

export function put(asked: SeriesAsked, series: Series, now = Date.now()): void {
  const key = keyOf(asked, series.run, series.metric);
  remove(key);
  kept.set(key, { series, at: now });
  numbers += size(series);
  for (const oldest of kept.keys()) {
    if (numbers <= MOST_NUMBERS) break;
    remove(oldest);
  }
}

/** Forgets all of a run: it has more points now, or others. */
export function forget(run: string): void {
  for (const [key, { series }] of kept) if (series.run === run) remove(key);
}

export function forgetAll(): void {
  kept.clear();
  numbers = 0;
}

function remove(key: string): void {
  const found = kept.get(key);
  if (!found) return;
  numbers -= size(found.series);
  kept.delete(key);
}

const size = ({ steps, values }: Series): number => steps.length * (values ? 2 : 8);
const keyOf = ({ points = 1000, from, to, x = "step" }: SeriesAsked, run: string, metric: string): string => JSON.stringify([run, metric, points, from ?? null, to ?? null, x]);
