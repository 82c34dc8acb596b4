import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client, once } from "../../api/client";

const AT_ONCE = 4;

/** What can be done to many runs at once; `said` tells how it went, `busy` that it is still going on. */
export function useBulk(project: string) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [said, say] = useState("");
  const [error, fail] = useState<unknown>(null);

  const doing = async (work: () => Promise<string>): Promise<boolean> => {
    setBusy(true);
    say("");
    fail(null);
    try {
      say(await work());
      return true;
    } catch (caught) {
      fail(caught);
      return false;
    } finally {
      setBusy(false);
      for (const queryKey of [["runs", project], ["run-count", project], ["groups", project], ["runs-by-id", project], ["run-fields", project]]) void queries.invalidateQueries({ queryKey });
    }
  };

  return {
    busy, said, error,
    tag: (runs: readonly { id: string; tags: string[] }[], tag: string, has: boolean) =>
      doing(async () => {
        const changing = runs.filter(({ tags }) => tags.includes(tag) !== has);
        await each(changing, ({ id, tags }) => client.PATCH("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, body: { tags: has ? [...tags, tag] : tags.filter((other) => other !== tag) } as never }));
        return `${counted(changing.length)} ${has ? `tagged “${tag}”` : `no longer tagged “${tag}”`}.`;
      }),
    rerun: (ids: readonly string[]) =>
      doing(async () => {
        await each(ids, (id) => client.POST("/api/v1/runs/{run_id}/reruns", { params: { path: { run_id: id }, header: once() as never }, body: { count: 1, wait_s: 0 } }));
        return `${ids.length === 1 ? "1 rerun is" : `${ids.length} reruns are`} queued.`;
      }),
    archive: (filter: string, archived: boolean) =>
      doing(async () => {
        const { runs } = await body(client.POST("/api/v1/runs/archive", { body: { project, filter, archived, preview: false } }));
        return `${counted(runs)} ${archived ? "archived" : "brought back"}.`;
      }),
    remove: (filter: string, expect: number) =>
      doing(async () => {
        const { rows } = await body(client.POST("/api/v1/runs/delete", { body: { project, filter, preview: false, expect } }));
        return `${counted(rows.runs ?? 0)} deleted.`;
      }),
  };
}

const counted = (runs: number): string => `${runs} ${runs === 1 ? "run" : "runs"}`;

/** Some at once, all in order; the first refusal ends it. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) await Promise.all(items.slice(at, at + AT_ONCE).map(work));
}
