import type { Schemas } from "../../api/client";
import { useMay, useMe } from "../../api/me";
import { ScrollX } from "../../ui/scroll-x";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { useSetRole, useUsers } from "./queries";

type Role = Schemas["UserShown"]["role"];
const ROLES: readonly Role[] = ["viewer", "member", "admin"];

/** Whoever has a good key, with their roles, which admins change. */
export function Members() {
  const users = useUsers();
  const admin = useMay("admin");
  const me = useMe();
  const set = useSetRole();
  if (users.error) return <Trouble error={users.error} />;
  return (
    <div className="stack">
      <p className="muted">Whoever has a key that is good. A viewer reads, a member also submits and edits, an admin also handles keys and deletes projects. {admin ? "Another role holds at once." : "Admins change roles."}</p>
      {set.error && <Trouble error={set.error} />}
      <ScrollX label="Members">
        <table className="plain">
          <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Entity</th><th scope="col">Since</th><th scope="col">Until</th></tr></thead>
          <tbody>
            {users.data?.items.map((user) => (
              <tr key={user.id}>
                <td className="settings-name">{user.name}{user.id === me.data?.key && <span className="chip">you</span>}</td>
                <td>{admin ? <RoleChoice user={user} own={user.id === me.data?.key} busy={set.isPending} choose={(role) => set.mutate({ id: user.id, role })} /> : user.role}</td>
                <td>{user.entity ?? <span className="muted">every</span>}</td><td><When at={user.created_at} /></td>
                <td>{user.expires_at ? user.expires_at.slice(0, 10) : <span className="muted">it is revoked</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </div>
  );
}

/** One's own role is another admin's to change: nobody shuts themselves out by a slip. */
function RoleChoice({ user, own, busy, choose }: { user: Schemas["UserShown"]; own: boolean; busy: boolean; choose: (role: Role) => void }) {
  return (
    <select aria-label={`Role of ${user.name}`} value={user.role} disabled={own || busy} title={own ? "Another admin changes yours" : undefined} onChange={(event) => choose(event.target.value as Role)}>
      {ROLES.map((role) => <option key={role}>{role}</option>)}
    </select>
  );
}
