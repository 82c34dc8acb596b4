"""The door to the workers: ring, and one of them looks for the run in SQL."""

import threading
import time

import structlog
from kombu.exceptions import OperationalError

from worker.celery_app import TASK, broker_queue, sender

log = structlog.get_logger(__name__)

REST_S = 2.0
ONE_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


class TrainingQueue:
    """Rings for runs whose rows are committed. A broker that is away costs nothing but the time until an idle worker looks by itself.

    With an empty `broker_url` there is no bell at all: workers find the runs in SQL.
    """

    def __init__(self, broker_url: str) -> None:
        self._app = sender(broker_url) if broker_url else None
        self._lock = threading.Lock()
        self._silent_until = 0.0

    @property
    def has_bells(self) -> bool:
        return self._app is not None

    def ring(self, run_id: str, queue: str) -> bool:
        """Whether the broker took the bell. Never raises, and takes seconds at most."""
        if self._app is None or time.monotonic() < self._silent_until:
            return False
        try:
            self._app.send_task(TASK, (run_id,), queue=broker_queue(queue), retry=True, retry_policy=ONE_RETRY)
        except (OperationalError, OSError) as error:
            self._rest(error)
            return False
        return True

    def waiting(self, queue: str) -> int | None:
        """How many bells hang in the queue unheard; None when the broker does not answer."""
        if self._app is None or time.monotonic() < self._silent_until:
            return None
        try:
            with self._app.connection_for_write() as connection:
                return int(connection.default_channel.queue_declare(broker_queue(queue), passive=True).message_count)
        except (OperationalError, OSError) as error:
            self._rest(error)
        except connection.channel_errors:
            return 0
        return None

    def answers(self) -> bool:
        """Whether the broker answers now; true when there is none to answer."""
        if self._app is None:
            return True
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=1)
                connection.default_channel.client.ping()
        except (OperationalError, OSError, *connection.connection_errors):
            return False
        return True

    def close(self) -> None:
        if self._app is not None:
            self._app.close()

    def _rest(self, error: Exception) -> None:
        """Leave a dead broker alone for a moment: a request must not wait a second for each of a hundred runs."""
        with self._lock:
            self._silent_until = time.monotonic() + REST_S
        log.warning("the broker does not answer; idle workers look into SQL by themselves", error=str(error))
