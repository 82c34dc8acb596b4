"""Putting right what others left behind: runs whose worker died, doorbells that were lost, clients that fell silent.

One process at a time has the duty; the API and every worker are ready to take it over. No torch in here.
"""

import structlog

from store import lifecycle
from store.database import Database
from store.settings import Settings
from worker.duty import DutyThread
from worker.enqueue import TrainingQueue

log = structlog.get_logger(__name__)

DUTY = "reaper"
RING_AGAIN_AFTER_S = 10.0


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


class ReaperThread(DutyThread):
    def __init__(self, db: Database, queue: TrainingQueue, settings: Settings) -> None:
        super().__init__(db, DUTY, settings.reap_every_s, lambda _: sweep(db, queue, settings))
