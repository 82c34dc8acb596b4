// What happens in a project, told while it happens: one stream for all who listen, however many; none while nobody does or the tab has been hidden for long.
import { useEffect, useRef, useSyncExternalStore } from "react";
import type { Schemas } from "../api/client";
import { useHasKey, useMe } from "../api/me";
import { Stream, type StreamState } from "./stream";

export type RunTold = Schemas["RunListed"];
/** What a run's state is now; of a run's fields just these. */
export type StateTold = { run: string } & Pick<RunTold, "state" | "reason" | "started_at" | "finished_at" | "attempt" | "node" | "queue_position" | "waiting_for">;
/** The sums of a run's metrics now, at most three times a second; of a run of very many metrics some of them. */
export type MetricsTold = { run: string } & Pick<RunTold, "progress" | "metrics">;

export interface ProjectListener {
  run?: (run: RunTold) => void;
  state?: (state: StateTold) => void;
  metrics?: (metrics: MetricsTold) => void;
  /** The stream could not go on where it stopped: ask for all that is shown again. */
  lost?: () => void;
}

const streams = new Map<string, { stream: Stream; listeners: Set<{ current: ProjectListener }> }>();
const KINDS = ["run", "state", "metrics"] as const;

/**
 * Listens to a project ("acme/digits") while the component is there; gives "live", "connecting", "paused" (hidden for long) or "off". For the holder of a
 * read-only link it does not: one thing was shared, not what happens beside it.
 */
export function useProjectEvents(project: string, listener: ProjectListener): StreamState {
  const { data: me } = useMe();
  const may = useHasKey();
  const latest = useRef(listener);
  useEffect(() => { latest.current = listener; });
  useEffect(() => (may ? joined(project, latest) : undefined), [project, may]);
  return useSyncExternalStore(
    (changed) => {
      const stream = streams.get(project)?.stream;
      return stream ? stream.onState(changed) : () => undefined;
    },
    () => streams.get(project)?.stream.state ?? (me?.shared ? "off" : "connecting"),
  );
}

function joined(project: string, listener: { current: ProjectListener }): () => void {
  const known = streams.get(project);
  const listeners = known?.listeners ?? new Set<{ current: ProjectListener }>();
  listeners.add(listener);
  if (!known) {
    const tell = (kind: keyof ProjectListener, data?: unknown) => {
      for (const each of listeners) (each.current[kind] as ((data: unknown) => void) | undefined)?.(data);
    };
    const handlers = Object.fromEntries(KINDS.map((kind) => [kind, (data: unknown) => tell(kind, data)]));
    streams.set(project, { listeners, stream: new Stream(`/api/v1/projects/${project.split("/").map(encodeURIComponent).join("/")}/events`, handlers, () => tell("lost")) });
  }
  return () => {
    listeners.delete(listener);
    // The next page of the same project joins within the same turn: the stream goes on.
    setTimeout(() => {
      if (listeners.size || streams.get(project)?.listeners !== listeners) return;
      streams.get(project)!.stream.close();
      streams.delete(project);
    });
  };
}
