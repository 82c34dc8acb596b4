import { useQuery } from "@tanstack/react-query";
import { body, client } from "./client";

const RANKS = { viewer: 0, member: 1, admin: 2 };

/** Who is asking: name, role, entity. */
export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => body(client.GET("/api/v1/me")), staleTime: 5 * 60_000 });

/** Whether the caller has a key, and so may ask for more than what a read-only link opens; false until it is known. */
export function useHasKey(): boolean {
  const { data } = useMe();
  return data !== undefined && !data.shared;
}

/** Whether the caller has at least that role; false until it is known. */
export function useMay(role: keyof typeof RANKS): boolean {
  const { data } = useMe();
  return data !== undefined && RANKS[data.role] >= RANKS[role];
}
