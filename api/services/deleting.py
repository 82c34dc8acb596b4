"""Runs and projects deleted and archived: one, or all that a filter lets through. What is deleted is out of sight when the answer comes."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.schemas.deleting import Archived, DeletedRuns, RunsToArchive, RunsToDelete
from api.services import names
from api.services.scopes import scope
from store import archive, runs, trash
from store.errors import Conflict, RunIsActive
from store.tables import Run
from store.trash import Deleted

T = TypeVar("T")
Which = Sequence[ColumnElement[bool]]


def run(parts: Parts, caller: Caller, run_id: str, preview: bool) -> DeletedRuns:
    """Raises RunIsActive, RunNotFound."""
    which = [Run.id == run_id]
    with parts.db.read() as session:
        runs.get(session, run_id, caller.entity)
        would = trash.preview(session, which) if preview else None
    deleted = _discard(parts, which) if would is None else would
    if not deleted.rows["runs"]:
        with parts.db.read() as session:
            state = runs.get(session, run_id, caller.entity).state  # another request may have deleted it meanwhile
        raise RunIsActive(f"Run {run_id} is {state}; cancel it or let it end before deleting it.")
    return _shown(deleted, preview)


def many(parts: Parts, caller: Caller, asked: RunsToDelete) -> DeletedRuns:
    """Raises ProjectNotFound, Problem 400 for a filter that cannot be read, Conflict when they are not as many as expected."""
    with parts.db.read() as session:
        which = scope(session, parts, caller, asked.project, asked.filter).conditions()
        left = trash.active(session, which)
        would = trash.preview(session, which) if asked.preview or asked.expect is not None else None
    if would is not None and asked.expect not in (None, would.rows["runs"]):
        raise Conflict(f"The filter lets {would.rows['runs']} runs through now, not {asked.expect}; look at the preview again.")
    deleted = would if would is not None and asked.preview else _discard(parts, which)
    return {**_shown(deleted, asked.preview), "left": left}


def project(parts: Parts, caller: Caller, entity: str, name: str, preview: bool, with_runs: bool) -> DeletedRuns:
    """Raises ProjectNotFound; Conflict for a project that has runs, unless they are to go `with_runs`, and always while some are active."""
    with parts.db.read() as session:
        found = names.get(session, caller, entity, name)
        which = runs.within(None, found)
        left = trash.active(session, which)
        count = runs.count(session, entity=None, project=found)
        would = trash.preview(session, which) if preview else None
    active = sum(left.values())
    if not preview and active:
        raise Conflict(f"Project {found.path} has {active} queued or running runs; cancel them or let them end first.")
    if not preview and count and not with_runs:
        raise Conflict(f"Project {found.path} has {count} runs; delete them first, or say runs=true.")
    deleted = _discard(parts, which) if would is None else would
    if not preview:
        with parts.db.begin() as session:
            found = names.get(session, caller, entity, name)
            if runs.count(session, entity=None, project=found):
                raise Conflict(f"Project {found.path} was given more runs meanwhile; delete it again.")
            session.delete(found)
    shown = _shown(deleted, preview)
    return {**shown, "rows": {"projects": 1, **shown["rows"]}, "left": left}


def archived(parts: Parts, caller: Caller, asked: RunsToArchive) -> Archived:
    """Raises ProjectNotFound, Problem 400."""
    with parts.db.read() as session:
        which = scope(session, parts, caller, asked.project, asked.filter).conditions()
        count = archive.count(session, which, asked.archived) if asked.preview else 0
    if not asked.preview:
        count = sum(_in_pieces(parts, lambda session, after: archive.move(session, which, asked.archived, after)))
    return {"runs": count, "archived": asked.archived, "preview": asked.preview}


def _discard(parts: Parts, which: Which) -> Deleted:
    total = Deleted()
    for deleted in _in_pieces(parts, lambda session, after: trash.discard(session, which, after)):
        total.add(deleted)
    return total


def _in_pieces(parts: Parts, act: Callable[[Session, str], tuple[T, str | None]]) -> list[T]:
    """What `act` did in each of its transactions, between which others have their turn."""
    done: list[T] = []
    after: str | None = ""
    while after is not None:
        begun = time.monotonic()
        with parts.db.begin() as session:
            result, after = act(session, after)
        done.append(result)
        if after is not None and len(done) > 1:
            time.sleep(time.monotonic() - begun)
    return done


def _shown(deleted: Deleted, preview: bool) -> DeletedRuns:
    return {"rows": deleted.rows, "size_bytes": deleted.size_bytes, "preview": preview}
