"""Deleted runs: out of everybody's sight at once, gone from the disk by and by.

A deletion moves runs into a project that nobody can see, in one UPDATE of a few rows; from then on they are not found anywhere, and their
external ids and their project's name are free. `purge` takes their rows away in short transactions, so that others write in between. What it
has not done yet stands in the database: a process that dies leaves it to the next.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from store.database import insert_into, note_written, now
from store.layer_tables import LayerSnapshot
from store.tables import (
    TRASH,
    Alert,
    Artifact,
    Attempt,
    AutomaticRerun,
    Block,
    Checkpoint,
    ClientEvidence,
    Clock,
    Delivery,
    Head,
    HistoryPiece,
    Link,
    LogLines,
    LooseFile,
    Run,
    RunParam,
    RunTag,
    Segment,
    Series,
    Share,
    Streamed,
    StreamMark,
    StudyRun,
    Turn,
    Verdict,
    VersionUse,
    WandbRun,
)

ACTIVE = ("queued", "running")
DELETABLE = (Run.project_id != TRASH, Run.state.not_in(ACTIVE))
RUNS_AT_ONCE = 100
MOST_METRICS_AT_ONCE = 5_000
PURGE_S = 0.025  # the longest that others wait for the purge to let them write, give or take one statement
UNSYNCHRONIZED = {"synchronize_session": False}
Ids = Sequence[str] | Select[Any]


@dataclass(frozen=True)
class Part:
    """A table with rows of runs: the columns that say whose a row is, what it takes in bytes, and how many go in one statement."""

    table: Any
    owners: tuple[InstrumentedAttribute[Any], ...]
    size: SQLColumnExpression[int] | None = None
    at_once: int = 250

    @property
    def name(self) -> str:
        return str(self.table.__tablename__)

    def of(self, ids: Ids) -> ColumnElement[bool]:
        return or_(*(owner.in_(ids) for owner in self.owners))


# Every table that has rows of a run. A new one is a line here; what is forgotten goes with the run's own row, all at once.
PARTS = (
    Part(Segment, (Segment.run_id,), func.length(Segment.steps) + func.length(Segment.values), 100),
    Part(Clock, (Clock.run_id,), func.length(Clock.times) + func.length(Clock.versions), 100),
    Part(Block, (Block.run_id,), func.length(Block.body), 50),
    Part(LayerSnapshot, (LayerSnapshot.run_id,), func.length(LayerSnapshot.body), 50),
    Part(Link, (Link.run_id,), func.length(Link.digests)),
    Part(Checkpoint, (Checkpoint.run_id,), Checkpoint.size_bytes),
    Part(Head, (Head.run_id,)),
    Part(Turn, (Turn.run_id,)),
    Part(LogLines, (LogLines.run_id,), func.length(LogLines.text), 20),
    Part(Artifact, (Artifact.run_id,), Artifact.size_bytes),
    Part(Series, (Series.run_id,)),
    Part(RunParam, (RunParam.run_id,)),
    Part(RunTag, (RunTag.run_id,)),
    Part(Share, (Share.run_id,)),
    Part(StudyRun, (StudyRun.run_id,)),
    Part(Attempt, (Attempt.run_id,)),
    Part(ClientEvidence, (ClientEvidence.run_id,)),
    Part(HistoryPiece, (HistoryPiece.run_id,), func.length(HistoryPiece.body), 50),
    Part(StreamMark, (StreamMark.run_id,)),
    Part(Streamed, (Streamed.run_id,), func.length(Streamed.summary)),
    Part(WandbRun, (WandbRun.run_id,), func.length(WandbRun.config)),
    Part(VersionUse, (VersionUse.run_id,)),
    Part(Verdict, (Verdict.rerun_id, Verdict.original_id)),
    Part(AutomaticRerun, (AutomaticRerun.rerun_id, AutomaticRerun.original_id)),
    Part(Alert, (Alert.run_id,), func.length(Alert.text)),
    Part(Delivery, (Delivery.rerun_id, Delivery.original_id), func.length(Delivery.body)),
)


@dataclass
class Deleted:
    """What a deletion took, or would take: rows by table, and bytes of points, logs and artifacts."""

    rows: dict[str, int] = field(default_factory=lambda: {"runs": 0, **{part.name: 0 for part in PARTS}})
    size_bytes: int = 0

    def add(self, other: "Deleted") -> None:
        self.rows = {name: count + other.rows[name] for name, count in self.rows.items()}
        self.size_bytes += other.size_bytes


def preview(session: Session, which: Sequence[ColumnElement[bool]]) -> Deleted:
    """What `discard` would take of the runs that the conditions let through."""
    return _counted(session, select(Run.id).where(*which, *DELETABLE))


def active(session: Session, which: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    """How many of the runs are queued and running: those stay."""
    held = select(Run.state, func.count()).where(*which, Run.project_id != TRASH, Run.state.in_(ACTIVE)).group_by(Run.state)
    return {**dict.fromkeys(ACTIVE, 0), **{row[0]: row[1] for row in session.execute(held)}}


def discard(session: Session, which: Sequence[ColumnElement[bool]], after: str = "") -> tuple[Deleted, str | None]:
    """Put the first runs behind the id `after` out of sight. Returns what goes with them, and the last one's id, None when none was left."""
    found = select(Run.id).where(*which, *DELETABLE, Run.id > after).order_by(Run.id).limit(RUNS_AT_ONCE)
    ids = _few(session, list(session.scalars(found.with_for_update(of=Run))))
    if not ids:
        return Deleted(), None
    deleted = _counted(session, ids)
    # Verdicts are shown with the other run, too.
    session.execute(delete(Verdict).where(or_(Verdict.rerun_id.in_(ids), Verdict.original_id.in_(ids))), execution_options=UNSYNCHRONIZED)
    moved = update(Run).where(Run.id.in_(ids)).values(project_id=TRASH, external_id=Run.id)
    session.execute(moved, execution_options=UNSYNCHRONIZED)
    for table in (Series, RunParam, RunTag):  # they say whose project they are in, so that a search need not look at the runs
        session.execute(update(table).where(table.run_id.in_(ids)).values(project_id=TRASH), execution_options=UNSYNCHRONIZED)
    note_written(session.connection(), ids)
    return deleted, ids[-1]


def purge(session: Session) -> int:
    """How many rows of discarded runs were just deleted, in `PURGE_S` or so; 0 when there are none left."""
    until, gone = time.monotonic() + PURGE_S, 0
    ids = list(session.scalars(select(Run.id).where(Run.project_id == TRASH).order_by(Run.created_at, Run.id).limit(RUNS_AT_ONCE)))
    for part in PARTS if ids else ():
        count = part.at_once
        while count >= part.at_once:
            gone += (count := _delete_some(session, part, ids))
            if gone and time.monotonic() > until:
                return gone
    if gone and time.monotonic() > until - PURGE_S / 2:
        return gone  # the runs' own rows, with all that refers to them, take as long again
    if ids:
        session.execute(delete(Run).where(Run.id.in_(ids)), execution_options=UNSYNCHRONIZED)
    return gone + len(ids)


def is_any(session: Session) -> bool:
    """Whether `purge` would find something; reads only."""
    return session.scalar(select(Run.id).where(Run.project_id == TRASH).limit(1)) is not None


def is_a_file_loose(session: Session) -> bool:
    """Whether there are `loose_files`."""
    return session.scalar(select(LooseFile.sha256).where(LooseFile.due < now()).limit(1)) is not None


def loose_files(session: Session, limit: int = 100) -> list[str]:
    """Digests of files that a deleted run had, which may be nobody's now."""
    return list(session.scalars(select(LooseFile.sha256).where(LooseFile.due < now()).order_by(LooseFile.due).limit(limit)))


def settle_file(session: Session, sha256: str, again_in_s: float | None) -> None:
    """Look at the file again later, or with None never."""
    if again_in_s is None:
        session.execute(delete(LooseFile).where(LooseFile.sha256 == sha256))
    else:
        session.execute(update(LooseFile).where(LooseFile.sha256 == sha256).values(due=now() + again_in_s))


def _counted(session: Session, ids: Ids) -> Deleted:
    deleted = Deleted()
    runs = len(ids) if isinstance(ids, Sequence) else session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    deleted.rows["runs"] = runs
    for part in PARTS:
        size = literal(0) if part.size is None else part.size
        count, size_bytes = session.execute(select(func.count(), func.coalesce(func.sum(size), 0)).select_from(part.table).where(part.of(ids))).one()
        deleted.rows[part.name] = count
        deleted.size_bytes += int(size_bytes)
    return deleted


def _few(session: Session, ids: Sequence[str]) -> list[str]:
    """The first of the runs, so many that not too many of their metrics' rows have to be moved at once; at least one."""
    metrics = {row[0]: row[1] for row in session.execute(select(Head.run_id, Head.metrics).where(Head.run_id.in_(ids)))}
    sums = itertools.accumulate(metrics.get(run_id, 0) for run_id in ids)
    return [run_id for place, (run_id, total) in enumerate(zip(ids, sums, strict=True)) if place == 0 or total <= MOST_METRICS_AT_ONCE]


def _delete_some(session: Session, part: Part, ids: Sequence[str]) -> int:
    key = list(part.table.__table__.primary_key.columns)
    some = select(*key).where(part.of(ids)).limit(part.at_once)
    which = tuple_(*key).in_(some) if len(key) > 1 else key[0].in_(some)
    gone = delete(part.table).where(which)
    if part.table is not Artifact:
        return session.execute(gone, execution_options=UNSYNCHRONIZED).rowcount  # type: ignore[attr-defined,no-any-return]
    digests = list(session.scalars(gone.returning(Artifact.sha256), execution_options=UNSYNCHRONIZED))
    if digests:
        loose = insert_into(session, LooseFile).values([{"sha256": sha256, "due": now()} for sha256 in set(digests)])
        session.execute(loose.on_conflict_do_nothing())
    return len(digests)
