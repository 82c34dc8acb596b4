// A stream of server-sent events that stops while the tab is hidden for long, and takes up where it was.

export type StreamState = "connecting" | "live" | "paused" | "off";

export const HIDDEN_FOR_MS = 30_000;
const NOT_THERE = [401, 403, 404];

export class Stream {
  state: StreamState = "connecting";
  private source: EventSource | null = null;
  private lastId: string;
  private timer = 0;
  private tries = 0;
  /** What was asked for is not there: nothing is asked again until somebody comes back to the page. */
  private isGone = false;
  private readonly watchers = new Set<() => void>();

  /**
   * `handlers` take what an event of their name tells. `lost`: what was missed cannot be told any more. Without `lastId` a stream begins as the API says:
   * a run's at its beginning, a project's now.
   */
  constructor(private readonly address: string, private readonly handlers: Record<string, (data: unknown) => void>, private readonly lost: () => void, lastId = "") {
    this.lastId = lastId;
    document.addEventListener("visibilitychange", this.look);
    window.addEventListener("focus", this.comeBack);
    this.open();
  }

  onState(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => void this.watchers.delete(changed);
  }

  /** For good. */
  close(): void {
    document.removeEventListener("visibilitychange", this.look);
    window.removeEventListener("focus", this.comeBack);
    clearTimeout(this.timer);
    this.isGone = false;
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

  private readonly comeBack = (): void => {
    if (!this.isGone) return;
    this.isGone = false;
    this.open();
  };

  private open(): void {
    const source = new EventSource(this.lastId ? `${this.address}?last_event_id=${encodeURIComponent(this.lastId)}` : this.address);
    this.source = source;
    const isNew = this.state === "off"; // it was not there before
    this.become("connecting");
    source.onopen = () => {
      this.tries = 0;
      if (isNew) this.lost();
      this.become("live");
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return this.become("connecting");
      void this.refused();
    };
    source.onmessage = (event) => this.keep(event);
    for (const [kind, handle] of Object.entries(this.handlers)) {
      source.addEventListener(kind, (event) => {
        this.keep(event);
        handle(JSON.parse(event.data as string));
      });
    }
  }

  /** Not broken off: the browser gives up, so we come back by ourselves, later each time; after a refusal of the place we stood at, from now on. */
  private async refused(): Promise<void> {
    this.stop("connecting");
    const isGone = NOT_THERE.includes(await statusOf(this.address));
    if (this.state !== "connecting") return; // closed or hidden meanwhile
    if (isGone) {
      this.isGone = true;
      return this.stop("off");
    }
    this.tries += 1;
    if (this.tries > 1 && this.lastId) {
      this.lastId = "";
      this.lost();
    }
    this.timer = window.setTimeout(() => this.open(), Math.min(1000 * 2 ** this.tries, 30_000));
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

/** How the service answers there, which an EventSource does not tell; 0 when it does not. Of the stream nothing is read. */
async function statusOf(address: string): Promise<number> {
  const quit = new AbortController();
  try {
    return (await fetch(address, { signal: quit.signal })).status;
  } catch {
    return 0;
  } finally {
    quit.abort();
  }
}
