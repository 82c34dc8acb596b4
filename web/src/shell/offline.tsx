import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Refused } from "../api/client";

/** A thin bar while the service does not answer: since when, and that the numbers are as of then. It goes by itself with the first answer. */
export function OfflineBar() {
  const since = useOfflineSince();
  if (since === null) return null;
  const time = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return <div className="offline" role="status">Not connected since {time}, retrying; numbers are as of then.</div>;
}

function useOfflineSince(): number | null {
  const queries = useQueryClient();
  const [since, setSince] = useState<number | null>(null);
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        if (event.type !== "updated") return;
        const { action } = event;
        const failed = (action.type === "failed" || action.type === "error") && action.error instanceof Refused && action.error.status === 0;
        if (failed) setSince((before) => before ?? Date.now());
        else if (action.type === "success") setSince(null);
      }),
    [queries],
  );
  useEffect(() => {
    const look = () => void fetch("/healthz").catch(() => setSince((before) => before ?? Date.now()));
    window.addEventListener("offline", look);
    return () => window.removeEventListener("offline", look);
  }, []);
  useEffect(() => {
    if (since === null) return undefined;
    const timer = setInterval(() => {
      void fetch("/healthz").then((answer) => {
        if (!answer.ok) return;
        setSince(null);
        void queries.invalidateQueries();
      }, () => undefined);
    }, 3000);
    return () => clearInterval(timer);
  }, [since, queries]);
  return since;
}
