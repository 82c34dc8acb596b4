import { useEffect, useRef } from "react";

/** Calls what belongs to a key pressed anywhere on the page, but not while somebody types, a dialog is open or a menu took the key. */
export function useSingleKeys(ways: Record<string, () => void>): void {
  const now = useRef(ways);
  useEffect(() => { now.current = ways; });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && (event.target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName));
      if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const way = now.current[event.key];
      if (!way) return;
      event.preventDefault();
      way();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
