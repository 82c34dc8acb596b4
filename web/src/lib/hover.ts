// The run that the pointer is on, in whatever chart or table: the others emphasise it too.
import { useSyncExternalStore } from "react";

let hovered: string | null = null;
const listeners = new Set<() => void>();

/** Says which run (or group, by its key) the pointer is on; null for none. */
export function setHovered(run: string | null): void {
  if (run === hovered) return;
  hovered = run;
  for (const listener of listeners) listener();
}

export const getHovered = (): string | null => hovered;

/** Calls `listener` at every change until what it gives back is called: for those who draw without React. */
export function onHovered(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The run that the pointer is on. Rows that only want to know whether it is they pass their own id: they are drawn anew only then. */
export function useHovered(): string | null {
  return useSyncExternalStore(onHovered, getHovered);
}

export function useIsHovered(run: string): boolean {
  return useSyncExternalStore(onHovered, () => hovered === run);
}
