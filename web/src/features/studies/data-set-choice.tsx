import { useQuery } from "@tanstack/react-query";
import { body, client } from "../../api/client";

/** Puts another data set into a config that is written as JSON. */
export function DataSetChoice({ config, set }: { config: { dataset?: unknown } | null; set: (text: string) => void }) {
  const { data } = useQuery({ queryKey: ["datasets"], queryFn: () => body(client.GET("/api/v1/datasets", { params: { query: { limit: 1000 } } })), staleTime: 60_000 });
  const given = config?.dataset;
  const name = typeof given === "object" && given !== null && "name" in given ? String(given.name) : "";
  const names = data?.items.map((each) => each.name) ?? [];
  return (
    <label className="meta">
      Data set
      <select value={name} disabled={!config} onChange={(event) => set(JSON.stringify({ ...config, dataset: { name: event.target.value } }, null, 2))}>
        {[...new Set([...names, name])].map((each) => <option key={each}>{each}</option>)}
      </select>
    </label>
  );
}
