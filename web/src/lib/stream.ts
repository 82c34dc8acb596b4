// A stream of server-sent events that stops while the tab is hidden for long, and takes up where it was.

export type StreamState = "connecting" | "live" | "paused" | "off";

export const HIDDEN_FOR_MS = 30_000;

export class Stream {
  state: StreamState = "connecting";
  private source: EventSource | null = null;
  private lastId: string;
  private timer = 0;
  private tries = 0;
  private readonly watchers = new Set<() => void>();

  /**
   * `handlers` take what an event of their name tells. `lost`: what was missed cannot be told any more. Without `lastId` a stream begins as the API says:
   * a run's at its beginning, a project's now.
   */
  constructor(private readonly address: string, private readonly handlers: Record<string, (data: unknown) => void>, private readonly lost: () => void, lastId = "") {
    this.lastId = lastId;
    document.addEventListener("visibilitychange", this.look);
    this.open();
  }

  onState(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => void this.watchers.delete(changed);
  }

  /** For good. */
  close(): void {
    document.removeEventListener("visibilitychange", this.look);
    clearTimeout(this.timer);
    this.stop("off");
  }

  private readonly look = (): void => {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = window.setTimeout(() => this.stop("paused"), HIDDEN_FOR_MS);
    else if (!this.source && this.state !== "off") {
      if (!this.lastId) this.lost();
      this.open();
    }
  };

  private open(): void {
    const source = new EventSource(this.lastId ? `${this.address}?last_event_id=${encodeURIComponent(this.lastId)}` : this.address);
    this.source = source;
    this.become("connecting");
    source.onopen = () => {
      this.tries = 0;
      this.become("live");
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return this.become("connecting");
      // Refused, not broken off: the browser gives up, so we come back by ourselves, later each time; after a refusal of the place we stood at, from now on.
      this.stop("connecting");
      this.tries += 1;
      if (this.tries > 1 && this.lastId) {
        this.lastId = "";
        this.lost();
      }
      this.timer = window.setTimeout(() => this.open(), Math.min(1000 * 2 ** this.tries, 30_000));
    };
    source.onmessage = (event) => this.keep(event);
    for (const [kind, handle] of Object.entries(this.handlers)) {
      source.addEventListener(kind, (event) => {
        this.keep(event);
        handle(JSON.parse(event.data as string));
      });
    }
  }

  private keep(event: MessageEvent): void {
    if (event.lastEventId) this.lastId = event.lastEventId;
  }

  private stop(state: StreamState): void {
    this.source?.close();
    this.source = null;
    this.become(state);
  }

  private become(state: StreamState): void {
    if (state === this.state) return;
    this.state = state;
    for (const changed of this.watchers) changed();
  }
}
