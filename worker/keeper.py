"""Clearing away, in pieces that nobody has to wait for: rows of deleted runs, files that are nobody's any more. No torch in here."""

import time

import structlog

from store import artifacts, trash
from store.artifacts import ArtifactFiles
from store.database import Database
from worker.duty import DutyThread

log = structlog.get_logger(__name__)

DUTY = "keeper"


class KeeperThread(DutyThread):
    def __init__(self, db: Database, files: ArtifactFiles, every_s: float) -> None:
        super().__init__(db, DUTY, every_s, lambda duty: tidy(db, files, duty))


def tidy(db: Database, files: ArtifactFiles, duty: DutyThread) -> None:
    """Everything there is to clear away, for as long as the duty is ours."""
    purge(db, duty)
    remove_files(db, files, duty)


def purge(db: Database, duty: DutyThread) -> int:
    """How many rows were deleted. Half of the time belongs to others: SQLite has one writer."""
    total, spent_s = 0, 0.0
    while duty.goes_on(spent_s):
        begun = time.monotonic()
        with db.begin() as session:
            rows = trash.purge(session)
        spent_s = time.monotonic() - begun
        total += rows
        if not rows:
            break
    if total:
        log.info("deleted runs are gone", rows=total)
    return total


def remove_files(db: Database, files: ArtifactFiles, duty: DutyThread) -> None:
    while duty.goes_on():
        with db.read() as session:
            due = trash.loose_files(session)
        for sha256 in due:
            later_s = artifacts.remove_if_unused(db, files, sha256)
            with db.begin() as session:
                trash.settle_file(session, sha256, later_s)
        if not due:
            return
