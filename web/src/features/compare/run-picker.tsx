import "./compare.css";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { body, client } from "../../api/client";
import { FIELDS, quoted, type RunHead } from "../../lib/run-heads";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";

const SHOWN = 20;

/** A search over a project's runs by name, tag or id; `pick` gets the one that is chosen. `without` are left out, `managed` leaves out what clients logged. */
export function RunPicker({ project, pick, without = [], managed = false }: {
  project: string;
  pick: (run: RunHead) => void;
  without?: readonly string[];
  managed?: boolean;
}) {
  const [typed, type] = useState("");
  const { data, error, isPlaceholderData } = useFoundRuns(project, typed, managed);
  const found = (data ?? []).filter(({ id }) => !without.includes(id));
  return (
    <div className="stack run-picker">
      <label className="stack">
        <span className="meta">Name, tag or id of a run</span>
        {/* eslint-disable-next-line jsx-a11y/no-autofocus -- it opens on a click, to be typed into */}
        <input type="search" autoFocus value={typed} onChange={(event) => type(event.target.value)} maxLength={200} />
      </label>
      {error && <Trouble error={error} />}
      <ul className="run-picker-found" data-stale={isPlaceholderData} aria-label="Runs found">
        {found.map((run) => (
          <li key={run.id}>
            <button type="button" className="plain" onClick={() => pick(run)}>
              <State state={run.state} words={false} /><span className="cut">{run.name}</span><span className="meta">{run.id.slice(-4)}</span>
            </button>
          </li>
        ))}
      </ul>
      {data && found.length === 0 && <p className="muted">{typed ? `No run of ${project} is called so.` : `${project} has no ${data.length ? "other " : ""}run.`}</p>}
      {(data?.length ?? 0) >= SHOWN && <p className="meta">The newest {SHOWN} that match; type more to find others.</p>}
    </div>
  );
}

function useFoundRuns(project: string, typed: string, managed: boolean) {
  const wanted = typed.trim();
  return useQuery({
    queryKey: ["runs-found", project, wanted, managed],
    queryFn: async ({ signal }): Promise<RunHead[]> => {
      const like = `name ilike ${quoted(`%${wanted}%`)} or id = ${quoted(wanted)} or external_id = ${quoted(wanted)} or tags in (${quoted(wanted)})`;
      const filter = [wanted && `(${like})`, managed && "origin = 'managed'"].filter(Boolean).join(" and ") || undefined;
      const query = { project, fields: FIELDS, limit: SHOWN, ...(filter && { filter }) };
      return (await body(client.GET("/api/v1/runs", { params: { query }, signal }))).items;
    },
    placeholderData: (before) => before,
  });
}
