"""What projects want rerun beside what happens at the end of a run: canaries on every node, and stale verdicts judged anew.

One process at a time has the duty, and each project is looked at with its policy's row locked: killed at any moment, it has queued a rerun or has
not. No torch.
"""

import structlog

from store import canaries, lifecycle, policies, reverify, trash
from store.database import Database
from store.tables import Run
from worker.duty import DutyThread

log = structlog.get_logger(__name__)

DUTY = "autopilot"
LOOKS = 5  # reapings to a look: nodes and hours change slowly


class AutopilotThread(DutyThread):
    def __init__(self, db: Database, reap_every_s: float) -> None:
        super().__init__(db, DUTY, LOOKS * reap_every_s, lambda duty: look(db, duty), policies.watchful)


def look(db: Database, duty: DutyThread | None = None) -> None:
    """One look at every project that wants it."""
    call_off(db)
    with db.read() as session:
        watchful = policies.watchful(session)
    for project_id in watchful:
        if duty is not None and not duty.goes_on():
            return
        queue_due(db, project_id)
        drop_surplus(db, project_id)


def queue_due(db: Database, project_id: str) -> None:
    """Canaries and second verdicts of one project, as they are due."""
    with db.begin() as session:
        policy = policies.locked(session, project_id)
        queued = [] if policy is None else [*canaries.queue_due(session, policy), *reverify.queue_due(session, policy)]
    if queued:
        log.info("queued by itself", project=project_id, runs=[run.id for run in queued])


def call_off(db: Database) -> None:
    """Cancel the canaries that wait for a node which no longer answers."""
    with db.begin() as session:
        for run in canaries.forsaken(session):
            canaries.forget(session, run.id)
            lifecycle.request_cancel(session, run)


def drop_surplus(db: Database, project_id: str) -> None:
    with db.begin() as session:
        surplus = canaries.surplus(session, project_id)
        if surplus:
            trash.discard(session, [Run.id.in_(surplus)])
