import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { body, client, once, Refused, type Schemas } from "../../api/client";
import { fieldsOf, type JsonSchema } from "../../lib/json-schema";

export interface Asked {
  layer: { kind: string; [name: string]: unknown };
  input: "normal" | "ones" | { run: string; batch: number };
  shape: number[] | null;
  mode: "train" | "eval";
  seed: number;
}

/** The field `layer` of a probe, a union of all layers there are. */
export function useLayerField() {
  return useQuery({
    queryKey: ["schemas", "probe"],
    queryFn: async () => fieldsOf((await body(client.GET("/api/v1/schemas/probe"))) as JsonSchema).find(({ path }) => path === "layer")!,
    staleTime: Infinity,
  });
}

/** What the layer did to the input; of the one before while a worker tries the newest. */
export function useProbe(asked: string) {
  return useQuery({
    queryKey: ["probe", asked],
    queryFn: async ({ signal }) => {
      const { data } = await client.POST("/api/v1/probes/layer", { params: { query: { wait_s: 10 } }, headers: once(), body: JSON.parse(asked) as never, signal });
      let probe = data as unknown as Schemas["ProbeShown"];
      while (!["finished", "failed"].includes(probe.state)) {
        await pause(1000, signal);
        probe = await body(client.GET("/api/v1/probes/{probe_id}", { params: { path: { probe_id: probe.id } }, signal }));
      }
      return probe;
    },
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: (count, error) => error instanceof Refused && [0, 429, 503].includes(error.status) && count < 4,
  });
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((done, fail) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); fail(new DOMException("No longer wanted", "AbortError")); }, { once: true });
  });

/** The newest finished managed run of all: its images are the first to be offered. */
export function useNewestRun() {
  return useQuery({
    queryKey: ["newest-run"],
    queryFn: async () => {
      const found = await body(client.GET("/api/v1/runs", { params: { query: { filter: "state = 'finished' and origin = 'managed'", fields: "id,project,name", limit: 1 } } }));
      return ((found?.items as unknown as { id: string; project: string; name: string }[])[0]) ?? null;
    },
    staleTime: 60_000,
  });
}
