import { useEffect, useRef } from "react";

/** A function that does something soon: called however often, it does it once in `every` milliseconds. */
export function useSoon(act: () => void, every: number): () => void {
  const latest = useRef(act);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => { latest.current = act; });
  useEffect(() => () => { if (timer.current) clearTimeout(timer.current); }, []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      latest.current();
    }, every);
  };
}
