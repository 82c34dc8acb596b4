"""Clearing away, in pieces that nobody has to wait for: runs that a project does not keep, rows of deleted runs, files that are nobody's.

No torch in here.
"""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from store import archive, artifacts, checkpoints, probes, retention, trash, versions
from store.artifacts import ArtifactFiles
from store.checkpoint_files import CheckpointFiles
from store.database import Database
from store.errors import BadSearch
from store.retention import Retention
from store.tables import Project
from worker.duty import DutyThread

T = TypeVar("T")
log = structlog.get_logger(__name__)

DUTY = "keeper"
RETAIN_EVERY_S = 600.0
CLEAR_EVERY_S = 60.0
DRAFTS_S = 3 * 24 * 3600.0
MOST_DRAFTS = 100
HALF_WRITTEN_S = 24 * 3600.0


class KeeperThread(DutyThread):
    def __init__(self, db: Database, files: ArtifactFiles, checkpoint_files: CheckpointFiles, every_s: float) -> None:
        super().__init__(db, DUTY, every_s, self._tidy, self._is_due)
        self._db, self._files, self._checkpoint_files = db, files, checkpoint_files
        self._retain_at = self._clear_at = 0.0

    def _is_due(self, session: Session) -> bool:
        if time.monotonic() >= min(self._retain_at, self._clear_at):
            return True
        looks = (trash.is_any, trash.is_a_file_loose, probes.is_there_an_old_one)
        return any(look(session) for look in looks) or versions.is_there_an_old_draft(session, DRAFTS_S)

    def _tidy(self, _duty: DutyThread) -> None:
        """Everything there is to clear away, for as long as the duty is ours."""
        if time.monotonic() >= self._retain_at:
            self._retain_at = time.monotonic() + RETAIN_EVERY_S  # first of all: whatever goes wrong with it must not keep the rest waiting
            retain(self._db, self)
        purge(self._db, self)
        expire_probes(self._db, self)
        expire_drafts(self._db, self)
        remove_files(self._db, self._files, self)
        if time.monotonic() >= self._clear_at:
            self._clear_at = time.monotonic() + CLEAR_EVERY_S
            remove_checkpoints(self._db, self._checkpoint_files)
            self._files.remove_old_drafts(HALF_WRITTEN_S)


def remove_checkpoints(db: Database, files: CheckpointFiles) -> int:
    """How many runs had checkpoints that nobody will go on from: their worker removes them, unless it died."""
    try:
        with db.read() as session:
            left = checkpoints.over(session, files.runs())
        for run_id in left:
            files.remove_run(run_id)
    except OSError as error:
        log.warning("checkpoints could not be cleared away", error=str(error))
        return 0
    return len(left)


def retain(db: Database, duty: DutyThread) -> None:
    """Archive and delete what projects do not want to keep."""
    with db.read() as session:
        found = retention.projects(session)
    for project in found:
        try:
            _retain(db, duty, project)
        except (BadSearch, TypeError) as error:  # written by another version: what it would have kept is not known, so all is
            log.warning("a project's retention cannot be read; nothing is taken", project=project.path, error=str(error))


def _retain(db: Database, duty: DutyThread, project: Project) -> None:
    held = Retention.of(project)
    old, older = retention.to_archive(project, held), retention.to_delete(project, held)
    archived, deleted = 0, trash.Deleted()
    if old is not None:
        archived = sum(_pieces(db, duty, lambda session, after: archive.move(session, old, True, after)))
    if older is not None:
        for some in _pieces(db, duty, lambda session, after: trash.discard(session, older, after)):
            deleted.add(some)
    if archived or deleted.rows["runs"]:
        log.info("retention", project=project.path, archived=archived, deleted=deleted.rows["runs"], size_bytes=deleted.size_bytes)


def _pieces(db: Database, duty: DutyThread, act: Callable[[Session, str], tuple[T, str | None]]) -> Iterator[T]:
    """What `act` did in each of its transactions, for as long as the duty is ours; half of the time belongs to others."""
    after: str | None = ""
    spent_s = 0.0
    while after is not None and duty.goes_on(spent_s):
        begun = time.monotonic()
        with db.begin() as session:
            done, after = act(session, after)
        spent_s = time.monotonic() - begun
        yield done


def purge(db: Database, duty: DutyThread) -> int:
    """How many rows were deleted. Half of the time belongs to others: SQLite has one writer."""
    total, spent_s = 0, 0.0
    with db.read() as session:
        if not trash.is_any(session):
            return 0
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


def expire_probes(db: Database, duty: DutyThread) -> None:
    with db.read() as session:
        old = probes.is_there_an_old_one(session)
    while old and duty.goes_on():
        with db.begin() as session:
            old = probes.expire(session) > 0


def expire_drafts(db: Database, duty: DutyThread) -> None:
    """Versions of artifacts that were begun and never committed; what was put for them may be nobody's then."""
    with db.read() as session:
        old = [draft.id for draft in versions.old_drafts(session, DRAFTS_S, MOST_DRAFTS)]
    for version_id in old if old and duty.goes_on() else ():
        with db.begin() as session:
            versions.drop_draft(session, version_id, DRAFTS_S)


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
