import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useMay, useMe } from "../../api/me";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { useKeys, useMint, useRevoke } from "./queries";

/** The keys there are, and new ones: the text of a key is told once. */
export function Keys() {
  const admin = useMay("admin");
  const me = useMe();
  const keys = useKeys(admin);
  const [made, show] = useState<Schemas["KeyMinted"] | null>(null);
  const [leaving, leave] = useState<Schemas["KeyShown"] | null>(null);
  if (me.data && !admin) return <p>Your role is {me.data.role}: keys are made by an admin, on this page or with <code>runtwice keys create</code>. Ask one for a key of your own.</p>;
  const items = keys.data?.pages.flatMap((page) => page?.items ?? []) ?? [];
  return (
    <div className="stack">
      <NewKey done={show} />
      {made && (
        <div className="settings-made" role="status">
          <strong>{made.name}</strong>, {made.role}: <code className="settings-key">{made.key}</code> <Copy text={made.key} />
          <div className="meta">This is told once and kept nowhere: copy it now.</div>
        </div>
      )}
      {keys.error && <Trouble error={keys.error} again={() => void keys.refetch()} />}
      {items.length > 0 && (
        <ScrollX label="Keys">
          <table className="plain">
            <thead><tr><th scope="col">Name</th><th scope="col">Begins with</th><th scope="col">Role</th><th scope="col">Entity</th><th scope="col">Made</th><th scope="col">Expires</th><th scope="col"><span className="hidden-text">Revoke</span></th></tr></thead>
            <tbody>
              {items.map((key) => (
                <tr key={key.id}>
                  <td className="settings-name">{key.name}{key.id === me.data?.key && <span className="chip">yours</span>}</td><td><code>{key.prefix}…</code></td><td>{key.role}</td>
                  <td>{key.entity ?? <span className="muted">every</span>}</td><td><When at={key.created_at} /></td><td>{key.expires_at ? key.expires_at.slice(0, 10) : <span className="muted">never</span>}</td>
                  <td><button type="button" className="plain danger" onClick={() => leave(key)} aria-label={`Revoke ${key.name}`}>Revoke</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {keys.hasNextPage && <div><button type="button" onClick={() => void keys.fetchNextPage()}>Show more</button></div>}
      {leaving && <Revoke of={leaving} own={leaving.id === me.data?.key} close={() => leave(null)} />}
    </div>
  );
}

function NewKey({ done }: { done: (made: Schemas["KeyMinted"]) => void }) {
  const { data: me } = useMe();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Schemas["NewKey"]["role"]>("member");
  const [entity, setEntity] = useState("");
  const [expires, setExpires] = useState("");
  const mint = useMint((made) => { setName(""); done(made); });
  const submit = () => mint.mutate({ name: name.trim(), role, entity: me?.entity ?? (entity.trim() || null), expires_at: expires ? new Date(`${expires}T23:59:59`).toISOString() : null });
  return (
    <form className="row wrap settings-form" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <label>Name <input value={name} onChange={(event) => setName(event.target.value)} placeholder="ann, or ci" maxLength={100} autoComplete="off" /></label>
      <label>Role <select value={role} onChange={(event) => setRole(event.target.value as typeof role)}><option value="viewer">viewer: reads</option><option value="member">member: submits and edits</option><option value="admin">admin: also keys, deletes projects</option></select></label>
      {me && me.entity === null && <label>Entity <input value={entity} onChange={(event) => setEntity(event.target.value)} placeholder="every" size={10} autoComplete="off" /></label>}
      <label>Until <input type="date" value={expires} onChange={(event) => setExpires(event.target.value)} /></label>
      <button type="submit" className="primary" disabled={!name.trim() || mint.isPending}>Make a key</button>
      {mint.error && <Trouble error={mint.error} />}
    </form>
  );
}

function Revoke({ of, own, close }: { of: Schemas["KeyShown"]; own: boolean; close: () => void }) {
  const revoke = useRevoke();
  return (
    <Dialog title={`Revoke ${of.name}?`} close={close}>
      <p>Whoever uses it is refused within a second, and its sessions and links end. This cannot be taken back.</p>
      {own && <p className="bad">This is the key you are signed in with: you will be signed out.</p>}
      {revoke.error && <Trouble error={revoke.error} />}
      <div className="row"><button type="button" className="danger" onClick={() => revoke.mutate(of.id, { onSuccess: close })} disabled={revoke.isPending}>Revoke it</button><button type="button" onClick={close}>Keep it</button></div>
    </Dialog>
  );
}
