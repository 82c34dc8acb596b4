import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { body, client, type Schemas } from "../../api/client";
import { mostAlike } from "../../lib/alike";
import { projectParts, useAddress } from "../../lib/address";
import { value } from "../../lib/format";
import { plainLine } from "../../lib/find-lines";
import { useTail } from "./use-log";
import { type Run } from "./use-run";

const LOOKED_AT = 200;

/** Why a run failed, where, what it said last, and which run like it finished. */
export function WhyFailed({ run }: { run: Run }) {
  const [, change] = useAddress();
  const tail = useTail(run);
  const { step } = run.progress;
  return (
    <section className="panel stack run-failed" aria-label="Why it failed">
      <div>
        <strong className="bad">{run.state === "crashed" ? "Nothing was heard of it for five minutes" : "It failed"}{step === null ? " before the first step" : ` at step ${step}`}</strong>
        <div>{run.reason ?? "It gave no reason."}</div>
      </div>
      {tail.length > 0 && (
        <>
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it */}
          <pre tabIndex={0} aria-label="The last lines of its log">{tail.map(plainLine).join("\n")}</pre>
          <div><button type="button" className="plain" onClick={() => change({ tab: "log" }, { push: true })}>The whole log</button></div>
        </>
      )}
      <MostAlike run={run} />
    </section>
  );
}

function MostAlike({ run }: { run: Run }) {
  const asked = useQuery({
    queryKey: ["run", run.id, "alike"],
    queryFn: async ({ signal }) => {
      const query = { project: run.project, filter: `state = 'finished' and origin = '${run.origin}'`, fields: "id,name,config,rerun_of", limit: LOOKED_AT };
      const page = await body(client.GET("/api/v1/runs", { params: { query }, signal }));
      return mostAlike(run.config, (page as { items: Pick<Schemas["RunListed"], "id" | "name" | "config" | "rerun_of">[] }).items.filter(({ id, rerun_of }) => id !== run.id && !rerun_of));
    },
    staleTime: Infinity,
  });
  const found = asked.data;
  if (!found) return asked.data === null ? <p className="meta">No run of this project has finished yet that it could be compared with.</p> : null;
  const params = projectParts(run.project);
  return (
    <div>
      <div>
        Most alike of the last {LOOKED_AT} runs that finished:{" "}
        <Link to="/$entity/$project/runs/$run" params={{ ...params, run: found.run.id }}>{found.run.name}</Link>{" "}
        <Link className="meta" to="/$entity/$project/compare" params={params} search={{ runs: `${found.run.id},${run.id}` } as never}>compare</Link>
      </div>
      {found.differences.length === 0 ? <p>Its config is the same: look at the environment and the node.</p> : (
        <ul className="run-plain-list">
          {found.differences.slice(0, 6).map(({ path, mine, other }) => <li key={path}><code>{path}</code> {value(other)} there, <b>{value(mine)}</b> here</li>)}
          {found.differences.length > 6 && <li className="muted">and {found.differences.length - 6} more</li>}
        </ul>
      )}
    </div>
  );
}
