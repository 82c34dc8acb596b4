import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { body, client } from "../api/client";

interface Found {
  id: string;
  name: string;
}

/** An input for a run's id, which proposes the newest runs of a project whose name or id holds what is typed. */
export function RunPicker({ id, project, value, change, filter = "origin = 'managed'", invalid = false }: {
  id?: string;
  project: string;
  value: string;
  change: (run: string) => void;
  filter?: string;
  invalid?: boolean;
}) {
  const own = useId();
  const text = value.trim().replaceAll("'", "''").replaceAll(/[%_]/g, "");
  const { data } = useQuery({
    queryKey: ["run-picker", project, filter, text],
    queryFn: ({ signal }) =>
      body(client.GET("/api/v1/runs", { params: { query: { project, filter: text ? `${filter} and (name ilike '%${text}%' or id like '${text}%')` : filter, fields: "id,name", limit: 12 } }, signal })),
    enabled: project !== "",
    placeholderData: (before) => before,
    retry: false,
    staleTime: 20_000,
  });
  const found = (data?.items ?? []) as unknown as Found[];
  const named = found.find((run) => run.id === value);
  return (
    <>
      <input id={id} value={value} list={own} onChange={(event) => change(event.target.value)} placeholder="a run's id, or part of its name" autoComplete="off" spellCheck={false} aria-invalid={invalid} />
      <datalist id={own}>{found.map((run) => <option key={run.id} value={run.id}>{run.name}</option>)}</datalist>
      {named && <span className="meta cut" title={named.name}>{named.name}</span>}
    </>
  );
}
