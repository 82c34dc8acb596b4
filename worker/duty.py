"""A thread for what one process of all does: it works for as long as this process has the duty, and asks for the duty otherwise."""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from store import lifecycle
from store.database import Database
from worker.patience import PASSING

log = structlog.get_logger(__name__)

SHORTEST_DUTY_S = 5.0


class DutyThread:
    """Calls `work(self)` every so often. Work that takes long asks `goes_on()` between its pieces, which also keeps the duty.

    With `when` the duty is asked for only while that says there is something to do: to hold it is to write, and a service at rest writes little.
    """

    def __init__(
        self, db: Database, name: str, every_s: float, work: Callable[["DutyThread"], object], when: Callable[[Session], object] | None = None
    ) -> None:
        self._db, self._name, self._every_s, self._work, self._when = db, name, every_s, work, when
        self._for_s = max(3 * every_s, SHORTEST_DUTY_S)
        self._until = 0.0
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hand the duty over at once rather than let it run out."""
        self._stopping.set()
        self._thread.join(2.0)
        if self._until:
            with contextlib.suppress(*PASSING):
                self._has_duty(0.0)

    def goes_on(self, after_s: float = 0.0) -> bool:
        """Whether to do another piece, after a pause in which others may write."""
        if self._stopping.wait(after_s):
            return False
        return time.monotonic() < self._until - self._for_s / 2 or self._has_duty(self._for_s)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                if self._is_needed() and self._has_duty(self._for_s):
                    self._work(self)
            except Exception as error:  # a database that is away comes back; this thread must be there then
                log.warning("a duty failed; trying again", duty=self._name, error=str(error))

    def _is_needed(self) -> bool:
        if self._when is None:
            return True
        with self._db.read() as session:
            return bool(self._when(session))

    def _has_duty(self, for_s: float) -> bool:
        asked = time.monotonic()
        with self._db.begin() as session:
            held = lifecycle.hold_duty(session, self._name, self._holder, for_s)
        self._until = asked + for_s if held else 0.0
        return held
