import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Schemas } from "../../api/client";
import { notifying, tell } from "../../lib/notify";
import { useNews } from "./queries";

/** How many are unread, in the bar; tells of new ones by the browser where that was asked for. */
export function Bell() {
  const { data } = useNews(notifying() === "on");
  useTold((data?.items ?? null));
  const unread = data?.unread ?? 0;
  const many = unread >= 100 ? "99+" : String(unread);
  return (
    <Link to="/inbox" className="bar-link bell" aria-label={unread ? `Inbox, ${many} unread` : "Inbox"} title={unread ? `${many} unread` : "Inbox"}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 12h10l-1.2-2V7a3.8 3.8 0 0 0-7.6 0v3zM6.6 14h2.8" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" strokeLinecap="round" /></svg>
      {unread > 0 && <span className="bell-count">{many}</span>}
    </Link>
  );
}

/** Tells of items that came since the page was opened. */
function useTold(items: Schemas["InboxItem"][] | null): void {
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!items) return;
    const before = known.current;
    known.current = new Set([...(before ?? []), ...items.map(({ id }) => id)].slice(-500));
    if (!before) return;
    for (const item of items) if (!before.has(item.id) && !item.read) tell(item.id, `${item.name}: ${headline(item)}`, item.text, item.address);
  }, [items]);
}

const OUTCOMES = { identical: "identical on rerun", different: "different on rerun", not_comparable: "could not be compared" };

/** What happened, in a word or three. */
export const headline = (item: Schemas["InboxItem"]): string => (item.kind === "verdict" ? (item.outcome ? OUTCOMES[item.outcome] : "judged") : item.kind === "study" ? "study ended" : item.kind === "alert" ? `alert${item.level ? `, ${item.level.toLowerCase()}` : ""}` : item.kind);
