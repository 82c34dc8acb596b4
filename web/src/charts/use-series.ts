// Curves of many runs and metrics, fetched once, in the binary form. What a run that has ended gave is kept; what a live one adds comes by live-tail.ts.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client } from "../api/client";
import { COLUMNS, decoded, type Series } from "./columns";
import * as kept from "./kept-series";

export interface SeriesAsked {
  runs: readonly string[];
  metrics: readonly string[];
  /** Buckets at most; whoever has fewer points comes whole. About one for each pixel is enough. */
  points?: number;
  /** The window, in steps, or in seconds since the run began with x "time". */
  from?: number | null;
  to?: number | null;
  x?: "step" | "time";
}

export interface SeriesFound {
  /** In the order asked, runs outer; undefined until the first answer. While other ones are asked for, those before. */
  series: Series[] | undefined;
  error: Error | null;
  /** What is shown is of an earlier question. */
  isOld: boolean;
  again: () => void;
}

export function useSeries(asked: SeriesAsked, enabled = true): SeriesFound {
  const { data, error, isPlaceholderData, refetch } = useQuery({
    queryKey: ["series", asked],
    queryFn: ({ signal }) => fetchSeries(asked, signal),
    enabled: enabled && asked.runs.length > 0 && asked.metrics.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
    structuralSharing: false,
  });
  return { series: data, error, isOld: isPlaceholderData, again: () => void refetch() };
}

/** What is not kept is asked for, in one request. */
export async function fetchSeries(asked: SeriesAsked, signal?: AbortSignal): Promise<Series[]> {
  const found = new Map<string, Series>();
  const name = (run: string, metric: string) => JSON.stringify([run, metric]);
  for (const run of asked.runs) for (const metric of asked.metrics) {
    const series = kept.get(asked, run, metric);
    if (series) found.set(name(run, metric), series);
  }
  const missing = asked.runs.filter((run) => asked.metrics.some((metric) => !found.has(name(run, metric))));
  if (missing.length) {
    for (const series of await askSeries({ ...asked, runs: missing }, signal)) {
      kept.put(asked, series);
      found.set(name(series.run, series.metric), series);
    }
  }
  return asked.runs.flatMap((run) => asked.metrics.map((metric) => found.get(name(run, metric))!));
}

const MOST_IN_AN_ADDRESS = 1500;

/**
 * With `starts` these runs begin there instead of at `from`. Few names are asked for by GET: the browser keeps the answer by its ETag, and whoever
 * holds a read-only link may ask so.
 */
export async function askSeries({ runs, metrics, points = 1000, from = null, to = null, x = "step" }: SeriesAsked, signal?: AbortSignal, starts: Record<string, number> = {}): Promise<Series[]> {
  const how = { headers: { Accept: COLUMNS }, parseAs: "arrayBuffer" as const, ...(signal ? { signal } : {}) };
  const length = [...runs, ...metrics].reduce((sum, name) => sum + encodeURIComponent(name).length + 8, 0);
  const window = { ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) };
  const { data } = length <= MOST_IN_AN_ADDRESS && Object.keys(starts).length === 0
    ? await client.GET("/api/v1/series", { params: { query: { run: [...runs], metric: [...metrics], points: String(points), x, ...window } }, ...how })
    : await client.POST("/api/v1/series/query", { body: { runs: [...runs], metrics: [...metrics], points, from, to, x, starts }, ...how });
  return decoded(data as ArrayBuffer);
}
