"""Putting right what others left behind: runs whose worker died, doorbells that were lost, clients that fell silent.

One process at a time has the duty; the API and every worker are ready to take it over. No torch in here.
"""

import contextlib
import os
import secrets
import socket
import threading

import structlog

from store import lifecycle
from store.database import Database
from store.settings import Settings
from worker.enqueue import TrainingQueue
from worker.patience import PASSING

log = structlog.get_logger(__name__)

DUTY = "reaper"
RING_AGAIN_AFTER_S = 10.0
SHORTEST_DUTY_S = 5.0


def sweep(db: Database, queue: TrainingQueue, settings: Settings) -> None:
    """Queue again what was lost, ring for what waits unheard, mark silent clients crashed."""
    with db.begin() as session:
        lost = lifecycle.lose_expired(session, settings.max_attempts)
        unrung = lifecycle.unrung(session, RING_AGAIN_AFTER_S)
        crashed = lifecycle.crash_silent_clients(session, settings.client_timeout_s)
    for each in lost:
        log.warning("a run lost its worker", run=each.run_id, attempt=each.attempt, now=each.state)
    if crashed:
        log.info("clients fell silent", runs=crashed)
    # Where bells still hang, workers are only busy: ringing again would fill the broker for as long as they are.
    unheard = {name for name in {name for _, name in unrung} if not queue.waiting(name)}
    for run_id, name in unrung:
        if name in unheard:
            queue.ring(run_id, name)


class ReaperThread:
    """A thread that sweeps for as long as this process has the duty, and asks for the duty otherwise."""

    def __init__(self, db: Database, queue: TrainingQueue, settings: Settings) -> None:
        self._db, self._queue, self._settings = db, queue, settings
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Hand the duty over at once rather than let it run out."""
        self._stopping.set()
        self._thread.join(2.0)
        with contextlib.suppress(*PASSING):
            self._has_duty(0.0)

    def _run(self) -> None:
        while not self._stopping.wait(self._settings.reap_every_s):
            try:
                if self._has_duty(max(3 * self._settings.reap_every_s, SHORTEST_DUTY_S)):
                    sweep(self._db, self._queue, self._settings)
            except Exception as error:  # a database that is away comes back; this thread must be there then
                log.warning("sweeping failed; trying again", error=str(error))

    def _has_duty(self, for_s: float) -> bool:
        with self._db.begin() as session:
            return lifecycle.hold_duty(session, DUTY, self._holder, for_s)
