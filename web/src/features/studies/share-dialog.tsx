import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { body, client, once } from "../../api/client";
import type { Study } from "../../lib/forest";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";

const DAYS: readonly (readonly [string, string])[] = [["7", "a week"], ["30", "a month"], ["365", "a year"], ["", "until it is taken back"]];

/** Makes a link that shows this study and its runs to whoever has it, and nothing else. */
export function ShareStudy({ study, close }: { study: Study; close: () => void }) {
  const queries = useQueryClient();
  const [days, setDays] = useState("30");
  const params = { path: { study_id: study.id } };
  const queryKey = ["study", study.id, "shares"];
  const anew = () => queries.invalidateQueries({ queryKey });
  const list = useQuery({ queryKey, queryFn: ({ signal }) => body(client.GET("/api/v1/studies/{study_id}/shares", { params, signal })) });
  const make = useMutation({
    mutationFn: () => body(client.POST("/api/v1/studies/{study_id}/shares", { params, body: { expires_in_days: days ? Number(days) : null }, headers: once() })),
    onSuccess: anew,
  });
  const end = useMutation({ mutationFn: (share: string) => client.DELETE("/api/v1/shares/{share_id}", { params: { path: { share_id: share } } }), onSuccess: anew });
  const error = list.error ?? make.error ?? end.error;
  return (
    <Dialog title={`Share ${study.name}`} wide close={close}>
      <p>Whoever has the link sees this study and its runs, and can change nothing. It needs no key.</p>
      <form className="row wrap" onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
        <label>Good for <select value={days} onChange={(event) => setDays(event.target.value)}>{DAYS.map(([count, words]) => <option key={words} value={count}>{words}</option>)}</select></label>
        <button type="submit" className="primary" disabled={make.isPending}>Make a link</button>
      </form>
      {error && <Trouble error={error} />}
      {make.data && (
        <div className="panel stack" role="status">
          <p>This address is shown just now and never again.</p>
          <div className="row"><input className="study-link mono" readOnly aria-label="The link" value={make.data.url} onFocus={(event) => event.target.select()} /><Copy text={make.data.url} /></div>
        </div>
      )}
      {(list.data?.items.length ?? 0) > 0 && (
        <table className="plain">
          <thead><tr><th>Made by</th><th>Made</th><th>Good until</th><th><span className="hidden-text">Take back</span></th></tr></thead>
          <tbody>
            {list.data!.items.map(({ id, owner, created_at, expires_at }) => (
              <tr key={id}>
                <td>{owner}</td><td><When at={created_at} /></td><td>{expires_at ? expires_at.slice(0, 10) : "it is taken back"}</td>
                <td><button type="button" className="plain danger" disabled={end.isPending} onClick={() => end.mutate(id)}>Take back</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}
