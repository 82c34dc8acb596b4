import "./inbox.css";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "../../api/client";
import { useMay } from "../../api/me";
import { projectParts } from "../../lib/address";
import { notify, notifying } from "../../lib/notify";
import { HelpLink } from "../../ui/help-link";
import { Seal } from "../../ui/seal";
import { State } from "../../ui/state";
import { Trouble } from "../../ui/trouble";
import { When } from "../../ui/when";
import { headline } from "./bell";
import { useInbox, useMarkRead } from "./queries";

export function InboxPage() {
  const inbox = useInbox();
  const items = inbox.data?.pages.flatMap((page) => (page?.items ?? [])) ?? [];
  const fresh = useFresh(items);
  const [state, setState] = useState(notifying);
  return (
    <main className="page stack inbox">
      <div className="row wrap">
        <h1>Inbox</h1><span className="muted">how your runs and studies ended, what verdicts came, which alerts they raised</span>
        <span className="space" />
        <HelpLink guide="guide/page" hash="being-told">What comes here</HelpLink>
        {state === "off" && <button type="button" onClick={() => void notify(true).then(setState)}>Notify me in this browser</button>}
        {state === "on" && <span className="meta">This browser notifies you. <Link to="/settings" hash="notifications">Change</Link></span>}
        {state === "refused" && <span className="meta">The browser refuses notifications of this site.</span>}
      </div>
      {inbox.error && <Trouble error={inbox.error} again={() => void inbox.refetch()} />}
      {inbox.isPending && <p className="muted">Loading…</p>}
      {inbox.data && !items.length && <p>Nothing yet. When a run or a study of yours ends, it stands here for 30 days, and so do verdicts on runs. Runs of a study are told by the study.</p>}
      <ul className="inbox-items">{items.map((item) => <Item key={item.id} item={item} fresh={fresh.has(item.id)} />)}</ul>
      {inbox.hasNextPage && <div><button type="button" onClick={() => void inbox.fetchNextPage()} disabled={inbox.isFetchingNextPage}>Show older ones</button></div>}
    </main>
  );
}

function Item({ item, fresh }: { item: Schemas["InboxItem"]; fresh: boolean }) {
  const parts = projectParts(item.project);
  return (
    <li className={fresh ? "inbox-item fresh" : "inbox-item"}>
      <div className="row wrap">
        <Mark item={item} />
        <Link to={item.address as "/"} className="cut" title={item.name}>{item.name}</Link>
        {item.kind === "verdict" || item.kind === "alert" || item.kind === "study" ? <span>{headline(item)}</span> : null}
        {fresh && <span className="chip">new</span>}
        <span className="space" />
        <span className="meta"><Link to="/$entity/$project" params={parts}>{item.project}</Link> · <When at={item.at} /></span>
      </div>
      {item.text && <div className="inbox-text muted">{item.text}</div>}
    </li>
  );
}

function Mark({ item }: { item: Schemas["InboxItem"] }) {
  if (item.kind === "verdict") return <Seal kind={item.outcome ?? "not_comparable"} />;
  if (item.kind === "alert") return <span className={item.level === "ERROR" ? "bad" : item.level === "WARN" ? "warn" : "muted"} aria-hidden="true">▲</span>;
  if (item.kind === "study") return <span className="muted" aria-hidden="true">◆</span>;
  return <State state={item.kind} />;
}

/** What was unread when the page was opened; opening it marks all of that as read. */
function useFresh(items: Schemas["InboxItem"][]): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const mark = useMarkRead();
  const may = useMay("member");
  const marked = useRef("");
  const newest = items[0];
  const unread = items.filter((item) => !item.read).map(({ id }) => id);
  if (unread.some((id) => !fresh.has(id))) setFresh(new Set([...fresh, ...unread]));
  useEffect(() => {
    if (!newest || newest.read || !may || marked.current === newest.id) return;
    marked.current = newest.id;
    mark.mutate(newest.id);
  }, [newest, may, mark]);
  return fresh;
}
