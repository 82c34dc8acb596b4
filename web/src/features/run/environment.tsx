import { useAddress } from "../../lib/address";
import { leaves } from "../../lib/config-text";
import { Copy } from "../../ui/copy";
import { Tree } from "./tree";
import { type Run, useOtherRun, useReruns } from "./use-run";

/** Where the run was trained, beside the environment of its baseline, its original or one of its reruns. */
export function Environment({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const reruns = useReruns(run.rerun_of ?? run.id, run.origin === "managed");
  const others = [
    ...(run.baseline ? [{ id: run.baseline, words: "baseline" }] : []),
    ...(run.rerun_of ? [{ id: run.rerun_of, words: "original" }] : []),
    ...(reruns.data?.items ?? []).filter((each) => each.run !== run.id).map((each, place) => ({ id: each.run, words: `rerun ${place + 1}` })),
  ];
  const chosen = others.find(({ id }) => id === search.beside) ?? others[0];
  const beside = useOtherRun(chosen?.id);
  const count = leaves(run.environment).length;
  if (count === 0) return <p className="muted">{run.origin === "client" ? "The program that trained it told nothing of its environment. It can: PUT /api/v1/runs/" + run.id + "/evidence." : "It is recorded when the run begins."}</p>;
  return (
    <div className="stack">
      <div className="row wrap">
        {others.length > 0 && (
          <label>
            Beside that of
            <select value={chosen?.id} onChange={(event) => change({ beside: event.target.value })}>
              {others.map(({ id, words }) => <option key={id} value={id}>{words}</option>)}
            </select>
          </label>
        )}
        <span className="space" />
        <Copy text={JSON.stringify(run.environment, null, 2)} label="Copy JSON" />
      </div>
      <Tree table={run.environment} count={count} name="environment" other={chosen && beside.data ? { table: beside.data.environment, words: chosen.words } : null} />
    </div>
  );
}
