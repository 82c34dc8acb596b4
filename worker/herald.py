"""Word of what was written, from every process that writes to every API process that has listeners; by the broker, if there is one.

A message is the ids of runs, by spaces, after the commit. It is only a hint to look: what is lost costs the time until the next look.
"""

import threading
from collections.abc import Collection
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from redis import Redis, RedisError

log = structlog.get_logger(__name__)

CHANNEL = "runtwice.written"
GATHER_S = 0.05  # between messages: what was written meanwhile goes together; the first after a pause goes at once
REST_S = 2.0  # for a broker that is away
MOST_WAITING = 10_000
MOST_TOGETHER = 1000
TIMEOUT_S = 0.5


def redis_url(broker_url: str) -> str:
    """Celery's spelling of a socket's address as the Redis client takes it."""
    if not broker_url.startswith("redis+socket://"):
        return broker_url
    parts = urlsplit(broker_url)
    number = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"unix://{unquote(parts.path)}?db={number}"


class Herald:
    """Tells which runs were written. Never raises, never waits: a thread of its own speaks to the broker."""

    def __init__(self, broker_url: str) -> None:
        self._client = Redis.from_url(redis_url(broker_url), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) if broker_url else None
        self._waiting: set[str] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def tell(self, run_ids: Collection[str]) -> None:
        if self._client is None:
            return
        with self._changed:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.update(run_ids)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="herald", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Returns when nothing more is told."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(2 * TIMEOUT_S)
        if self._client is not None:
            self._client.close()

    def _run(self) -> None:
        assert self._client is not None
        is_heard = True
        while run_ids := self._next():
            try:
                self._client.publish(CHANNEL, " ".join(run_ids))
                is_heard = True
            except (RedisError, OSError) as error:
                if is_heard:
                    log.warning("the broker does not take word of what was written; those who follow runs look by themselves", error=str(error))
                is_heard = False
            self._stopping.wait(GATHER_S if is_heard else REST_S)

    def _next(self) -> list[str]:
        """Runs to tell of together; empty when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping.is_set())
            if self._stopping.is_set():
                return []
            return [self._waiting.pop() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
