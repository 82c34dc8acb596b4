import { useMe } from "../../api/me";

/** What whoever looks may do: everything until it is known that they may not, and then why. */
export function useRights(): { mayEdit: boolean; why: string | null } {
  const { data } = useMe();
  if (data?.shared) return { mayEdit: false, why: "You look at this by a read-only link." };
  if (data?.role === "viewer") return { mayEdit: false, why: "Your key may read and change nothing." };
  return { mayEdit: true, why: null };
}
