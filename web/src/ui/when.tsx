import { useEffect, useState } from "react";
import { ago, duration } from "../lib/format";

/** The present moment in milliseconds, anew every `every` milliseconds while the tab is seen. */
export function useNow(every = 30_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) setNow(Date.now()); }, every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** How long ago a moment was; its exact time on hover. */
export function When({ at }: { at: string | null | undefined }) {
  const now = useNow();
  return at ? <time dateTime={at} title={new Date(at).toLocaleString()}>{ago(at, now)}</time> : <>–</>;
}

/** How long something took, or has been taking: it counts up until it has ended. */
export function Lasted({ from, to }: { from: string | null | undefined; to: string | null | undefined }) {
  const now = useNow(to ? 3_600_000 : 1000);
  return from ? <>{duration(Math.max(0, ((to ? Date.parse(to) : now) - Date.parse(from)) / 1000))}</> : <>–</>;
}
