// Charts of runs that train: the project's stream says which runs have more points, and of those only what is new is fetched, for all charts at once.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type MetricsTold, type StateTold, useProjectEvents } from "../lib/live-project";
import type { StreamState } from "../lib/stream";
import type { Series } from "./columns";
import * as kept from "./kept-series";
import { extended, tailStart } from "./tail";
import { askSeries, type SeriesAsked } from "./use-series";

const LEAST_MS = 1000;
const MOST_MS = 10_000;
/** What drawing may take of a core: the more a turn costs, the longer until the next. */
const SHARE = 0.04;

/** Keeps the charts of a project's runs at what the service holds, while the component is there. */
export function useLiveTail(project: string): StreamState {
  const queries = useQueryClient();
  const [tail] = useState(() => new LiveTail(queries));
  useEffect(() => () => tail.stop(), [tail]);
  return useProjectEvents(project, { metrics: tail.grew, state: tail.changed, lost: tail.lost });
}

class LiveTail {
  private readonly counts = new Map<string, Map<string, number>>();
  private readonly attempts = new Map<string, number>();
  private readonly dirty = new Set<string>();
  private timer = 0;
  private busy = false;
  private pause = LEAST_MS;

  constructor(private readonly queries: QueryClient) {}

  readonly grew = ({ run, metrics }: MetricsTold): void => {
    const known = this.counts.get(run) ?? new Map<string, number>();
    for (const [metric, { count }] of Object.entries(metrics)) known.set(metric, count);
    this.counts.set(run, known);
    this.dirty.add(run);
    this.soon();
  };

  /** Another attempt may have other points from some step on: all of the run's are asked for again. */
  readonly changed = ({ run, attempt }: StateTold): void => {
    const before = this.attempts.get(run);
    this.attempts.set(run, attempt);
    if (before !== undefined && before !== attempt) this.forget((asked) => asked.runs.includes(run), [run]);
  };

  readonly lost = (): void => this.forget(() => true, []);

  stop(): void {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  private soon(): void {
    if (!this.timer && !this.busy) this.timer = window.setTimeout(() => void this.turn(), this.pause);
  }

  private async turn(): Promise<void> {
    this.timer = 0;
    this.busy = true;
    const runs = new Set(this.dirty);
    this.dirty.clear();
    const began = performance.now();
    let waited = 0;
    try {
      for (const together of this.together(runs)) {
        const asked = performance.now();
        const tails = await askSeries(together.asked, undefined, together.starts);
        waited += performance.now() - asked;
        this.put(together.asked, tails);
      }
    } catch {
      for (const run of runs) this.dirty.add(run); // the next turn asks again; who does not answer is said elsewhere
    }
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    const cost = performance.now() - began - waited;
    this.pause = Math.min(MOST_MS, Math.max(LEAST_MS, cost / SHARE));
    this.busy = false;
    if (this.dirty.size) this.soon();
  }

  /** What is drawn of these runs and has fewer points than they have now: one question for all charts that count x in the same way. */
  private together(runs: ReadonlySet<string>): { asked: SeriesAsked; starts: Record<string, number> }[] {
    const found = new Map<string, { asked: SeriesAsked; runs: Set<string>; metrics: Set<string>; starts: Record<string, number> }>();
    for (const { asked, data } of this.drawn()) {
      const { points = 1000, x = "step" } = asked;
      for (const series of data) {
        if (!runs.has(series.run) || !this.lacks(asked, series)) continue;
        const key = JSON.stringify([points, x, asked.from ?? null, asked.to ?? null]);
        const some = found.get(key) ?? { asked, runs: new Set(), metrics: new Set(), starts: {} };
        some.runs.add(series.run);
        some.metrics.add(series.metric);
        const start = Math.max(tailStart(series, x), series.steps.length ? -Infinity : (asked.from ?? 0));
        some.starts[series.run] = Math.min(some.starts[series.run] ?? Infinity, start);
        found.set(key, some);
      }
    }
    return [...found.values()].map(({ asked, runs, metrics, starts }) => ({ asked: { ...asked, runs: [...runs], metrics: [...metrics] }, starts }));
  }

  private lacks(asked: SeriesAsked, series: Series): boolean {
    const total = this.counts.get(series.run)?.get(series.metric);
    if (total === undefined) return false;
    if (asked.from == null && asked.to == null) return series.count < total;
    return asked.to == null || tailStart(series, asked.x ?? "step") < asked.to;
  }

  private put(asked: SeriesAsked, tails: Series[]): void {
    const came = new Map(tails.map((tail) => [`${tail.run} ${tail.metric}`, tail]));
    const anew = new Set<string>();
    for (const { key, asked: of, data } of this.drawn()) {
      if ((of.points ?? 1000) !== (asked.points ?? 1000) || (of.x ?? "step") !== (asked.x ?? "step") || of.from !== asked.from || of.to !== asked.to) continue;
      let some = false;
      const next = data.map((series) => {
        const tail = came.get(`${series.run} ${series.metric}`);
        if (!tail?.steps.length) return series;
        const made = extended(series, tail, of.points ?? 1000);
        if (!made) {
          anew.add(series.run);
          return series;
        }
        some = true;
        kept.put(of, made);
        return made;
      });
      if (some) this.queries.setQueryData(key, next);
    }
    if (anew.size) this.forget((of) => of.runs.some((run) => anew.has(run)), [...anew]);
  }

  private drawn(): { key: readonly unknown[]; asked: SeriesAsked; data: Series[] }[] {
    return this.queries.getQueryCache().findAll({ queryKey: ["series"], type: "active" }).flatMap((query) => {
      const data = query.state.data as Series[] | undefined;
      return data ? [{ key: query.queryKey, asked: query.queryKey[1] as SeriesAsked, data }] : [];
    });
  }

  private forget(which: (asked: SeriesAsked) => boolean, runs: string[]): void {
    if (runs.length) for (const run of runs) kept.forget(run);
    else kept.forgetAll();
    void this.queries.invalidateQueries({ queryKey: ["series"], predicate: ({ queryKey }) => which(queryKey[1] as SeriesAsked) });
  }
}
