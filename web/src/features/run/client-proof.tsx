import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client, type Schemas } from "../../api/client";
import { useAddress } from "../../lib/address";
import { isActive } from "../../lib/proof";
import { Copy } from "../../ui/copy";
import { Trouble } from "../../ui/trouble";
import { type Run } from "./use-run";
import { VerdictView } from "./verdict-view";

/** What can be said of a run that this service did not train: what its program told, and verdicts against other runs. */
export function ClientProof({ run }: { run: Run }) {
  const [search, change] = useAddress();
  const verdicts = useQuery({
    queryKey: ["verdicts", run.id],
    queryFn: ({ signal }) => body(client.GET("/api/v1/verdicts", { params: { query: { run: run.id } }, signal })),
  });
  const given = verdicts.data?.items ?? [];
  const chosen = given.find(({ original, rerun }) => [original, rerun].includes(search.rerun ?? "")) ?? given[0];
  return (
    <div className="stack run-proof">
      <div className="panel stack">
        <div><strong>No proof of our own.</strong> This run was trained by another program, so this service can neither run it again nor vouch for its digests.</div>
        <ToldWords run={run} />
        <Judge run={run} judged={(other) => change({ rerun: other })} />
      </div>
      {given.length > 1 && (
        <div className="row wrap" role="group" aria-label="Which verdict">
          {given.slice(0, 30).map(({ original, rerun, outcome }) => {
            const other = original === run.id ? rerun : original;
            return <button key={original + rerun} type="button" aria-pressed={chosen?.original === original && chosen.rerun === rerun} onClick={() => change({ rerun: other })}>with {other}: {outcome.replace("_", " ")}</button>;
          })}
        </div>
      )}
      {chosen && <VerdictView key={chosen.original + chosen.rerun} original={chosen.original} rerun={chosen.rerun} verdict={chosen} isRerun={false} />}
    </div>
  );
}

function ToldWords({ run }: { run: Run }) {
  if (run.told) {
    const names = Object.keys(run.told.digests);
    return <p>Its program told {names.length ? `digests of ${names.join(", ")}` : "no digest"} and {run.told.links} {run.told.links === 1 ? "link" : "links"} of a digest chain. Verdicts use them and say that they were told.</p>;
  }
  if (!isActive(run.state) && run.state !== "crashed") return <p>Its program told no digests while it ran. All logged points can still be compared, bit by bit, with those of another run.</p>;
  const text = `curl -s -X PUT ${location.origin}/api/v1/runs/${run.id}/evidence -H "Authorization: Bearer $RUNTWICE_API_KEY" \\\n  -H 'Content-Type: application/json' -d '{"digests": {"data": "…", "initial": "…", "final": "…"}}'`;
  return (
    <div>
      <p>While it runs, its program can tell digests of its data, its first and last weights and of the steps between:</p>
      <pre>{text}</pre>
      <Copy text={text} />
    </div>
  );
}

/** Compares the run with another one, by its id. */
function Judge({ run, judged }: { run: Run; judged: (other: string) => void }) {
  const queries = useQueryClient();
  const [other, setOther] = useState("");
  const judge = useMutation({
    mutationFn: (original: string) => body(client.POST("/api/v1/verdicts", { body: { original, rerun: run.id } satisfies Schemas["NewVerdict"] })),
    onSuccess: async (verdict) => {
      await queries.invalidateQueries({ queryKey: ["verdicts", run.id] });
      judged(verdict.original);
    },
  });
  const ended = !isActive(run.state) && run.state !== "crashed";
  return (
    <form className="row wrap" onSubmit={(event) => { event.preventDefault(); judge.mutate(other.trim()); }}>
      <label>Compare all its bits with the run <input value={other} placeholder="id of another run" required onChange={(event) => setOther(event.target.value)} /></label>
      <button type="submit" disabled={!ended || judge.isPending} title={ended ? undefined : "Both runs must have ended"}>Judge</button>
      {judge.error && <Trouble error={judge.error} />}
    </form>
  );
}
