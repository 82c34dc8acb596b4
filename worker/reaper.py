"""Putting right what others left behind: runs whose worker died, lost doorbells, silent clients; and noting which studies are over.

One process at a time has the duty; the API and every worker are ready to take it over. No torch in here.
"""

import structlog
from sqlalchemy.orm import Session

from store import bells, lifecycle, study_ends
from store.database import Database
from store.settings import Settings
from worker.duty import DutyThread
from worker.enqueue import TrainingQueue

log = structlog.get_logger(__name__)

DUTY = "reaper"
RING_AGAIN_AFTER_S = 10.0
RUNG_AT_ONCE = 100  # a worker that has begun goes on with what else waits


def sweep(db: Database, queue: TrainingQueue, settings: Settings) -> None:
    """Queue again what was lost, mark silent clients crashed, note which studies have ended, ring for what waits unheard."""
    with db.read() as session:
        is_any_lost = lifecycle.is_any_lost(session, settings.client_timeout_s)
        is_any_over = study_ends.is_any(session)
    if is_any_lost:
        put_right(db, settings)
    if is_any_over:
        note_ends(db)
    if queue.has_bells:
        ring_again(db, queue)


def put_right(db: Database, settings: Settings) -> None:
    with db.begin() as session:
        lost = lifecycle.lose_expired(session, settings.max_attempts)
        crashed = lifecycle.crash_silent_clients(session, settings.client_timeout_s)
    for each in lost:
        log.warning("a run lost its worker", run=each.run_id, attempt=each.attempt, now=each.state)
    if crashed:
        log.info("clients fell silent", runs=crashed)


def note_ends(db: Database) -> None:
    with db.begin() as session:
        over = study_ends.note(session)
    if over:
        log.info("studies have ended", studies=over)


def ring_again(db: Database, queue: TrainingQueue) -> None:
    """Where bells still hang, workers are only busy: ringing again would fill the broker for as long as they are."""
    with db.read() as session:
        doors = bells.doors(session, RING_AGAIN_AFTER_S)
    for door in doors:
        if queue.waiting(door):
            continue
        with db.begin() as session:
            unrung = bells.unrung(session, door, RING_AGAIN_AFTER_S, RUNG_AT_ONCE)
        for run_id in unrung:
            queue.ring(run_id, door)


class ReaperThread(DutyThread):
    def __init__(self, db: Database, queue: TrainingQueue, settings: Settings) -> None:
        def is_needed(session: Session) -> bool:
            unrung = queue.has_bells and bells.is_any_unrung(session, RING_AGAIN_AFTER_S)
            return unrung or lifecycle.is_any_lost(session, settings.client_timeout_s) or study_ends.is_any(session)

        super().__init__(db, DUTY, settings.reap_every_s, lambda _: sweep(db, queue, settings), is_needed)
