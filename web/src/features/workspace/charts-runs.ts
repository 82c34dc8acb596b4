import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { body, client, type Schemas } from "../../api/client";
import { both } from "../../lib/groups";
import { keyLabel, metricKey, runKey } from "../../lib/run-keys";
import { useAddress } from "../../lib/address";

/** Of a run just what was asked for. */
export type RunPart = Pick<Schemas["RunListed"], "id" | "name" | "state"> & { config?: Record<string, unknown>; metrics?: Schemas["RunListed"]["metrics"] };

export const MOST_RUNS = 500;

export interface Matching { runs: RunPart[]; total: number; isPending: boolean; isOld: boolean; error: Error | null; again: () => void }

/** The newest runs that the table's filter lets through, with what these keys name of them. */
export function useMatching(project: string, keys: readonly string[]): Matching {
  const [{ filter = "", archived = "" }] = useAddress();
  const passing = archived ? filter : both(filter, "archived = false");
  const fields = ["id", "name", "state", ...keys].join(",");
  const { data, isPending, isPlaceholderData, error, refetch } = useQuery({
    queryKey: ["matching", project, passing, fields],
    queryFn: ({ signal }) => body(client.GET("/api/v1/runs", { params: { query: { project, filter: passing || undefined, fields, limit: MOST_RUNS, total: true } }, signal })),
    placeholderData: keepPreviousData,
  });
  const runs = useMemo(() => (data?.items ?? []) as RunPart[], [data]);
  return { runs, total: data?.total ?? 0, isPending, isOld: isPlaceholderData, error, again: () => void refetch() };
}

/** "500 newest of 12,345 runs", "all 41 runs". */
export const ofHowMany = ({ runs, total }: Matching): string =>
  total > runs.length ? `the newest ${runs.length} of ${total.toLocaleString("en-US")} runs that match` : `all ${runs.length} runs that match`;

export interface Choice { key: string; label: string; group: "Metrics" | "Config"; numeric: boolean }

/** What can be drawn of runs: each metric's last, least and greatest, and each leaf of the config. */
export function choices(fields: Schemas["RunFields"] | undefined): Choice[] {
  if (!fields) return [];
  const metrics = [...new Set(fields.metrics.map(({ key }) => runKey(key).path[1]!))].sort();
  return [
    ...metrics.flatMap((metric) => (["last", "min", "max"] as const).map((part) => ({ key: metricKey(metric, part), label: `${metric} ${part}`, group: "Metrics" as const, numeric: true }))),
    ...fields.config.map(({ key, numbers }) => ({ key, label: keyLabel(key), group: "Config" as const, numeric: numbers > 0 })),
  ];
}

/** What they are placed by: a learning rate, else the first number of the config. */
export function standardCause(all: readonly Choice[]): string {
  const numbers = all.filter(({ group, numeric }) => group === "Config" && numeric);
  return (numbers.find(({ label }) => /(^|\.|_)(lr|learning_rate)$/.test(label)) ?? numbers[0] ?? all.find(({ group }) => group === "Config"))?.key ?? "";
}

/** What runs are judged by, if nobody says: the least validation loss, else the first metric there is. */
export function standardTarget(all: readonly Choice[]): string {
  const wanted = ["val/loss", "val_loss", "loss_val", "test/loss", "train/loss", "loss"].map((metric) => metricKey(metric, "min"));
  return wanted.find((key) => all.some((choice) => choice.key === key)) ?? all.find(({ group }) => group === "Metrics")?.key ?? "";
}
