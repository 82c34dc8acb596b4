// One run followed: its state, its points and its log while they come.
import { useEffect, useRef, useState } from "react";
import type { RunState } from "../ui/state";
import { Stream, type StreamState } from "./stream";

export type Told = number | "NaN" | "Infinity" | "-Infinity" | null;
export interface PointsTold { groups: { steps: number[]; times: number[]; metrics: Record<string, Told[]> }[] }

export interface RunListener {
  state?: (state: { state: RunState; reason: string | null; at: string }) => void;
  points?: (points: PointsTold) => void;
  log?: (log: { first: number; lines: string[] }) => void;
  /** All points from this step on are void: what holds instead follows. */
  reset?: (from: { from_step: number }) => void;
  end?: (end: { state: RunState | "deleted" }) => void;
  lost?: () => void;
}

const KINDS = ["state", "points", "log", "reset"] as const;

/** Listens to a run from its beginning, until it has ended; all of its points and log come first. With `on` false, not at all. */
export function useRunEvents(run: string, listener: RunListener, on = true): StreamState {
  const latest = useRef(listener);
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => { latest.current = listener; });
  useEffect(() => {
    if (!on) return undefined;
    const handlers: Record<string, (data: unknown) => void> = {};
    for (const kind of KINDS) handlers[kind] = (data) => (latest.current[kind] as ((data: unknown) => void) | undefined)?.(data);
    const stream = new Stream(`/api/v1/runs/${encodeURIComponent(run)}/events`, { ...handlers, end: (data) => {
      stream.close();
      latest.current.end?.(data as { state: RunState });
    } }, () => latest.current.lost?.());
    const stop = stream.onState(() => setState(stream.state));
    return () => {
      stop();
      stream.close();
    };
  }, [run, on]);
  return on ? state : "off";
}
