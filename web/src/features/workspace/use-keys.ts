import { useEffect, useRef } from "react";

/** Calls what belongs to a key pressed anywhere on the page, but not while somebody types or a dialog is open. */
export function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  useEffect(() => { latest.current = keys; });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog, [role=menu]")) return;
      const does = latest.current[event.key];
      if (!does || (event.key.startsWith("Arrow") && target.getAttribute("role") !== "grid") || (event.key === "Enter" && target.getAttribute("role") !== "grid")) return;
      event.preventDefault();
      does();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}
