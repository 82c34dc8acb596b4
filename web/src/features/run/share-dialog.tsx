import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client, once } from "../../api/client";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { type Run } from "./use-run";

const DAYS = [[7, "a week"], [30, "a month"], [365, "a year"], [null, "until it is taken back"]] as const;

function useShares(run: string) {
  const queries = useQueryClient();
  const params = { path: { run_id: run } };
  const anew = () => queries.invalidateQueries({ queryKey: ["run", run, "shares"] });
  return {
    list: useQuery({ queryKey: ["run", run, "shares"], queryFn: ({ signal }) => body(client.GET("/api/v1/runs/{run_id}/shares", { params, signal })) }),
    make: useMutation({
      mutationFn: (days: number | null) => body(client.POST("/api/v1/runs/{run_id}/shares", { params, body: { expires_in_days: days }, headers: once() })),
      onSuccess: anew,
    }),
    end: useMutation({
      mutationFn: (share: string) => body(client.DELETE("/api/v1/shares/{share_id}", { params: { path: { share_id: share } } })),
      onSuccess: anew,
    }),
  };
}

/** Makes a link that shows this run to whoever has it, and nothing else; with it a badge for a README. */
export function ShareDialog({ run, close }: { run: Run; close: () => void }) {
  const { list, make, end } = useShares(run.id);
  const [days, setDays] = useState<number | null>(30);
  const made = make.data;
  const given = list.data?.items ?? [];
  return (
    <Dialog title={`Share ${run.name}`} wide close={close}>
      <p>Whoever has the link sees this run, its charts, proof, log and files, and can change nothing. It needs no key.</p>
      <form className="row wrap" onSubmit={(event) => { event.preventDefault(); make.mutate(days); }}>
        <label>
          Good for
          <select value={days ?? ""} onChange={(event) => setDays(event.target.value === "" ? null : Number(event.target.value))}>
            {DAYS.map(([count, words]) => <option key={words} value={count ?? ""}>{words}</option>)}
          </select>
        </label>
        <button type="submit" className="primary" disabled={make.isPending}>Make a link</button>
      </form>
      {(make.error ?? end.error) && <Trouble error={make.error ?? end.error} />}
      {made && <Made url={made.url} name={run.name} />}
      {given.length > 0 && (
        <div className="scroll-x">
          <h3>Links that are good</h3>
          <table className="plain">
            <thead><tr><th scope="col">Made by</th><th scope="col">Made</th><th scope="col">Good until</th><th scope="col"><span className="hidden-text">Take back</span></th></tr></thead>
            <tbody>
              {given.map(({ id, owner, created_at, expires_at }) => (
                <tr key={id}>
                  <td>{owner}</td><td><When at={created_at} /></td><td>{expires_at ? expires_at.slice(0, 10) : "it is taken back"}</td>
                  <td><button type="button" className="plain danger" disabled={end.isPending} onClick={() => end.mutate(id)}>Take back</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Dialog>
  );
}

function Made({ url, name }: { url: string; name: string }) {
  const badge = `[![reproduced](${url}/badge.svg)](${url})`;
  return (
    <div className="panel stack" role="status">
      <p>This address is shown just now and never again.</p>
      <div className="row"><input className="run-share-url mono" readOnly aria-label="The link" value={url} onFocus={(event) => event.target.select()} /><Copy text={url} /></div>
      <div>A badge for a README that says whether {name} reproduces:</div>
      <div className="row"><input className="run-share-url mono" readOnly aria-label="The badge in Markdown" value={badge} onFocus={(event) => event.target.select()} /><Copy text={badge} /></div>
    </div>
  );
}
