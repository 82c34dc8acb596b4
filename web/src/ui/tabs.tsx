import "./tabs.css";
import { useEffect, useRef } from "react";

/** A row of tabs; which one is chosen is the caller's to keep, in the address. */
export function Tabs<Name extends string>({ tabs, chosen, choose, label }: {
  tabs: readonly { name: Name; words: string; note?: string | undefined }[];
  chosen: Name;
  choose: (name: Name) => void;
  label: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (tab) list.current!.scrollLeft = tab.offsetLeft - (list.current!.clientWidth - tab.offsetWidth) / 2;
  }, [chosen]);
  const move = (event: React.KeyboardEvent, place: number) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = (place + step + tabs.length) % tabs.length;
    choose(tabs[next]!.name);
    (event.currentTarget.parentElement?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div ref={list} className="tabs" role="tablist" aria-label={label}>
      {tabs.map(({ name, words, note }, place) => (
        <button
          key={name} type="button" role="tab" className="plain" aria-selected={name === chosen} tabIndex={name === chosen ? 0 : -1}
          onClick={() => choose(name)} onKeyDown={(event) => move(event, place)}
        >
          {words}{note && <span className="meta">{note}</span>}
        </button>
      ))}
    </div>
  );
}
