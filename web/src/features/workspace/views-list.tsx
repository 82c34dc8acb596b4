import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, once } from "../../api/client";
import { projectParts } from "../../lib/address";
import { Trouble } from "../../ui/trouble";
import type { Saved } from "./views-menu";

/** The views one can go to, and what can be done with one's own. */
export function Views({ project, path, views, here, shown, close }: {
  project: string;
  path: { entity: string; name: string };
  views: readonly Saved[];
  here: string;
  shown: Saved | undefined;
  close: () => void;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [shared, share] = useState(false);
  const change = useMutation({ mutationFn: (work: () => Promise<unknown>) => work(), onSettled: () => queries.invalidateQueries({ queryKey: ["views", project] }) });
  const go = (query: string) => {
    void navigate({ to: "/$entity/$project", params: projectParts(project), search: Object.fromEntries(new URLSearchParams(query)) as never });
    close();
  };
  const save = () => change.mutate(async () => {
    await client.POST("/api/v1/projects/{entity}/{name}/views", { params: { path, header: once() as never }, body: { name: name.trim(), query: here, shared } });
    setName("");
  });
  const edit = (id: string, what: Partial<Saved>) => change.mutate(() => client.PATCH("/api/v1/views/{view_id}", { params: { path: { view_id: id } }, body: what as never }));
  return (
    <div className="picker">
      <button type="button" aria-pressed={here === ""} onClick={() => go("")}>Everything, newest first</button>
      {views.map((view) => (
        <div key={view.id} className="picker-item">
          <button type="button" className="plain space cut" aria-pressed={view === shown} title={view.mine ? view.name : `${view.name}, by ${view.owner}`} onClick={() => go(view.query)}>{view.name}</button>
          {view.mine ? (
            <>
              <button type="button" className="plain" aria-pressed={view.shared} title={view.shared ? "All who see the project see it" : "Only you see it"} onClick={() => edit(view.id, { shared: !view.shared })}>{view.shared ? "shared" : "share"}</button>
              {shown !== view && <button type="button" className="plain" title="Save what is shown now under this name" onClick={() => edit(view.id, { query: here })}>update</button>}
              <button type="button" className="plain" aria-label={`Delete the view ${view.name}`} onClick={() => change.mutate(() => client.DELETE("/api/v1/views/{view_id}", { params: { path: { view_id: view.id } } }))}>✕</button>
            </>
          ) : <span className="meta">by {view.owner}</span>}
        </div>
      ))}
      <form className="picker-item" onSubmit={(event) => { event.preventDefault(); if (name.trim()) save(); }}>
        <input className="space" aria-label="Name of the view" placeholder="Save this view as…" maxLength={256} value={name} onChange={(event) => setName(event.target.value)} />
        <label><input type="checkbox" checked={shared} onChange={(event) => share(event.target.checked)} />shared</label>
        <button type="submit" disabled={!name.trim() || change.isPending}>Save</button>
      </form>
      {change.isError && <Trouble error={change.error} />}
    </div>
  );
}
