import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { body, client } from "../../api/client";
import { isActive } from "../../lib/proof";
import { type Run } from "./use-run";

const AT_ONCE = 10_000;
const EVERY_MS = 1_000;
export const MOST_LINES = 500_000;

export interface LogRead {
  lines: string[];
  /** All that there is so far has been read. */
  whole: boolean;
  error: Error | null;
  again: () => void;
}

const page = (run: string, after: number, signal: AbortSignal) =>
  body(client.GET("/api/v1/runs/{run_id}/log", { params: { path: { run_id: run }, query: { after, limit: AT_ONCE } }, signal }));

/** A run's log, read page by page, each line once; while the run goes on, what is new is asked for every second. */
export function useLog(run: Run): LogRead {
  const [read, setRead] = useState<{ lines: string[]; whole: boolean; error: Error | null }>({ lines: [], whole: false, error: null });
  const [round, setRound] = useState(0);
  const place = useRef<{ after: number; lines: string[] }>({ after: -1, lines: [] });
  const goesOn = isActive(run.state) || run.state === "crashed";
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { current } = place;
    const next = async () => {
      try {
        const { lines, after } = await page(run.id, current.after, stop.signal);
        if (stop.signal.aborted) return;
        current.after = after;
        if (lines.length) current.lines = [...current.lines, ...lines];
        const whole = lines.length < AT_ONCE;
        setRead((before) => (lines.length || before.whole !== whole || before.error ? { lines: current.lines, whole, error: null } : before));
        if (current.lines.length >= MOST_LINES) return;
        if (!whole) void next();
        else if (goesOn) timer = setTimeout(() => void next(), document.hidden ? 10 * EVERY_MS : EVERY_MS);
      } catch (error) {
        if (!stop.signal.aborted) setRead((before) => ({ ...before, error: error instanceof Error ? error : new Error(String(error)) }));
      }
    };
    void next();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [run.id, goesOn, round]);
  return { ...read, again: () => setRound((before) => before + 1) };
}

const TAIL = 12;

/** The last lines of a run that has ended; none while they are not known. */
export function useTail(run: Run): string[] {
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: ["run", run.id, "tail", run.state],
    queryFn: async ({ signal }) => {
      let tail: string[] = [];
      let after = -1;
      for (let pages = 0; pages < MOST_LINES / AT_ONCE; pages += 1) {
        const read = await page(run.id, after, signal);
        tail = [...tail, ...read.lines].slice(-TAIL);
        after = read.after;
        if (read.lines.length < AT_ONCE) break;
      }
      return tail;
    },
    staleTime: Infinity,
  }, queries);
  return data ?? [];
}
