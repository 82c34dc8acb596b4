import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { Copy } from "../../ui/copy";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { useWebhook } from "./use-reproducibility";

/** Whom verdicts are told to, for admins. */
export function Webhook({ entity, project }: { entity: string; project: string }) {
  const { shown, deliveries, put, remove, refused } = useWebhook(entity, project);
  const [edited, edit] = useState<string | null>(null);
  const [secret, setSecret] = useState("");
  const url = edited ?? shown.data?.url ?? "";
  const save = () => put.mutate({ url: url.trim(), ...(secret && { secret }) }, { onSuccess: () => { edit(null); setSecret(""); } });
  return (
    <section className="stack" aria-label="Webhook">
      <h2>Webhook</h2>
      {refused ? <p className="muted">Which address is told of verdicts is for this project’s admins to see and set.</p> : (
        <>
          <p className="meta">After every verdict, and every alert, the address gets a signed request. Addresses inside the service’s own network are refused unless its operator allows them.</p>
          {shown.error && <Trouble error={shown.error} again={() => void shown.refetch()} />}
          {shown.isSuccess && (
            <form className="row wrap" onSubmit={(event) => { event.preventDefault(); save(); }}>
              <input type="url" required minLength={8} maxLength={2000} value={url} aria-label="Address that is told" placeholder="https://ci.example/hooks/runtwice" onChange={(event) => edit(event.target.value)} className="webhook-url" />
              <input type="password" minLength={16} maxLength={200} value={secret} autoComplete="new-password" aria-label="Secret that signs" placeholder={shown.data ? "secret: as it is" : "secret: a new one"} onChange={(event) => setSecret(event.target.value)} />
              <button type="submit" disabled={put.isPending}>{shown.data ? "Change" : "Tell it"}</button>
              {shown.data && <button type="button" className="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>Tell nobody any more</button>}
            </form>
          )}
          {put.data?.secret && shown.data && <p className="panel">The secret, shown this once: <code>{put.data.secret}</code> <Copy text={put.data.secret} /></p>}
          {(put.error ?? remove.error) && <Trouble error={put.error ?? remove.error} />}
          {shown.data && deliveries.data && <Deliveries items={deliveries.data.items} address={{ entity, project }} />}
        </>
      )}
    </section>
  );
}

const STATES: Record<Schemas["DeliveryShown"]["state"], { words: string; look: string }> = {
  waiting: { words: "waiting", look: "warn" }, delivered: { words: "delivered", look: "good" }, given_up: { words: "given up", look: "bad" },
};

function Deliveries({ items, address }: { items: Schemas["DeliveryShown"][]; address: { entity: string; project: string } }) {
  if (items.length === 0) return <p className="muted">Nothing was told yet.</p>;
  return (
    <ScrollX label="Deliveries">
      <table className="plain">
        <thead><tr><th>Told</th><th>Of</th><th>State</th><th className="number">Tries</th><th>Answer</th></tr></thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.id}>
              <td className="meta"><When at={each.created_at} /></td>
              <td>{each.event} <Link to="/$entity/$project/runs/$run" params={{ ...address, run: each.rerun }}>{each.rerun}</Link></td>
              <td className={STATES[each.state].look}>{STATES[each.state].words}{each.state === "waiting" && each.next_try_at && each.tries > 0 && <span className="meta"> next try {new Date(each.next_try_at).toLocaleTimeString()}</span>}</td>
              <td className="number">{each.tries}</td>
              <td>{each.status ?? ""} <span className="meta">{each.error ?? ""}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
