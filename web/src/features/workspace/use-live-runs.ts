import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Schemas } from "../../api/client";
import { type ProjectListener, useProjectEvents } from "../../lib/live-project";
import { runKey } from "../../lib/run-keys";
import type { RunRow, RunsData } from "./use-runs";

const GATHER_MS = 500;
const ASK_AGAIN_MS = 3000;
const FEW_PAGES = 2;
const MOST_LISTED = 2000; // metrics that the service lists: of one beyond them nobody knows whether it is new

/** Keeps the rows that are loaded up to date by the project's events. New runs come by themselves while few pages are loaded; else `news` says that there are some. */
export function useLiveRuns(project: string): { state: string; news: boolean; show: () => void } {
  const queries = useQueryClient();
  const [news, setNews] = useState(false);
  const gathered = useRef<{ changes: Map<string, Partial<RunRow>>; structure: boolean }>({ changes: new Map(), structure: false });
  const timers = useRef<{ apply?: ReturnType<typeof setTimeout> | undefined; ask?: ReturnType<typeof setTimeout> | undefined }>({});

  const does = useMemo(() => {
    const askAgain = () => {
      timers.current.ask ??= setTimeout(() => {
        timers.current.ask = undefined;
        for (const query of queries.getQueryCache().findAll({ queryKey: ["runs", project], type: "active" })) {
          const pages = (query.state.data as RunsData | undefined)?.pages?.length ?? 0;
          if (pages <= FEW_PAGES) void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
          else setNews(true);
        }
        void queries.invalidateQueries({ queryKey: ["groups", project] });
        void queries.invalidateQueries({ queryKey: ["run-count", project] });
        if (!queries.getQueryData(["run-fields", project])) void queries.invalidateQueries({ queryKey: ["run-fields", project] });
      }, ASK_AGAIN_MS);
    };
    const apply = () => {
      timers.current.apply = undefined;
      const { changes, structure } = gathered.current;
      gathered.current = { changes: new Map(), structure: false };
      queries.setQueriesData<RunsData | RunRow[]>({ queryKey: ["runs", project], type: "active" }, (data) => patched(data, changes));
      queries.setQueriesData<RunRow[]>({ queryKey: ["runs-by-id", project], type: "active" }, (data) => patched(data, changes));
      if (hasNewMetric(queries.getQueryData(["run-fields", project]), changes.values())) void queries.invalidateQueries({ queryKey: ["run-fields", project] });
      if (structure) askAgain();
    };
    const note = (id: string, change: Partial<RunRow>, structure: boolean) => {
      const { changes } = gathered.current;
      changes.set(id, { ...changes.get(id), ...change });
      gathered.current.structure ||= structure;
      timers.current.apply ??= setTimeout(apply, GATHER_MS);
    };
    const listener: ProjectListener = {
      run: (run) => note(run.id, run, true),
      state: ({ run, ...state }) => note(run, state, true),
      metrics: ({ run, ...told }) => note(run, told, false),
      lost: askAgain,
    };
    return { listener, askAgain };
  }, [queries, project]);
  useEffect(() => {
    const pending = timers.current;
    return () => { clearTimeout(pending.apply); clearTimeout(pending.ask); };
  }, []);
  const state = useProjectEvents(project, does.listener);
  return { state, news, show: () => { setNews(false); void queries.resetQueries({ queryKey: ["runs", project] }); } };
}

/** Whether a run has logged a metric that no run had when the page asked what there is to chart. */
function hasNewMetric(fields: Schemas["RunFields"] | undefined, changes: Iterable<Partial<RunRow>>): boolean {
  if (!fields || fields.metrics.length >= MOST_LISTED) return false;
  const known = new Set(fields.metrics.map(({ key }) => runKey(key).path[1]));
  return [...changes].some(({ metrics = {} }) => Object.keys(metrics).some((metric) => !known.has(metric)));
}

/** The same data where nothing of it changed. A metric that was not told keeps its sums. */
function patched<Data extends RunsData | RunRow[] | undefined>(data: Data, changes: ReadonlyMap<string, Partial<RunRow>>): Data {
  if (!data) return data;
  const row = (run: RunRow): RunRow => {
    const change = changes.get(run.id);
    return change ? { ...run, ...change, ...(change.metrics && { metrics: { ...run.metrics, ...change.metrics } }) } : run;
  };
  if (Array.isArray(data)) return (data.some(({ id }) => changes.has(id)) ? data.map(row) : data) as Data;
  const { pages } = data as InfiniteData<{ items: RunRow[]; next_cursor: string | null }, string | null>;
  if (!pages.some(({ items }) => items.some(({ id }) => changes.has(id)))) return data;
  return { ...data, pages: pages.map((page) => (page.items.some(({ id }) => changes.has(id)) ? { ...page, items: page.items.map(row) } : page)) };
}
