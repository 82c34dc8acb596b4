"""What a key should hear of: how its runs and studies ended, what verdicts were given on them, which alerts they raised.

Nothing is kept for it but how far was read: items are rows that are there anyway, of the last 30 days; of runs that ended, verdicts and alerts
the newest 5,000. How the runs ended that a study had queued is told by one item, the study's.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select, true
from sqlalchemy.orm import Session, aliased

from store.database import insert_into, now
from store.tables import TRASH, Alert, InboxMark, Project, Run, Study, StudyRun, Turn, Verdict

FOR_S = 30 * 24 * 3600.0
NEWEST = 5_000
MOST_UNREAD = 100
MOST_CRASHED = 1_000
ENDED, CRASHED, JUDGED, ALERTED, STUDIED = range(5)


class Place(NamedTuple):
    """Where an item stands: no two stand at the same. `part` tells items of one run and kind apart; of a study its id stands as `run_id`."""

    at: float
    kind: int
    run_id: str
    part: str


BEGINNING = Place(0.0, 0, "", "")


class Item(NamedTuple):
    """`words` are of the kind's own: a run's reason, a verdict's, an alert's title and text; `mark` a run's state, an outcome, a level.

    Of a study `runs` have ended, and `failed` of them failed.
    """

    place: Place
    name: str
    project: str
    mark: str
    words: str
    took_s: float | None
    runs: int = 0
    failed: int = 0


def items(session: Session, key_id: str, limit: int, *, before: Place | None = None, after: Place | None = None) -> list[Item]:
    """Newest first; those that stand before the one place and after the other."""
    oldest = Place((session.scalar(select(now())) or 0.0) - FOR_S, 0, "", "")
    after = oldest if after is None else max(after, oldest)
    found: list[Item] = []
    for kind, source in enumerate(_SOURCES):
        found += [_item(kind, row) for row in session.execute(source(key_id, _between(kind, before, after), limit))]
    return sorted(found, key=lambda item: item.place, reverse=True)[:limit]


def read_up_to(session: Session, key_id: str) -> Place:
    mark = session.get(InboxMark, key_id, populate_existing=True)
    return BEGINNING if mark is None else Place(mark.at, mark.kind, mark.run_id, mark.part)


def unread(session: Session, key_id: str) -> int:
    """How many the key has not read, counted up to MOST_UNREAD."""
    return len(items(session, key_id, MOST_UNREAD, after=read_up_to(session, key_id)))


def mark_read(session: Session, key_id: str, place: Place) -> None:
    """All up to the place count as read; what was read stays so."""
    session.execute(insert_into(session, InboxMark).values(key_id=key_id, **BEGINNING._asdict()).on_conflict_do_nothing())
    mark = session.get_one(InboxMark, key_id, populate_existing=True, with_for_update=True)
    if place > Place(mark.at, mark.kind, mark.run_id, mark.part):
        mark.at, mark.kind, mark.run_id, mark.part = place
    session.flush()


Between = Callable[[Any, Any, Any], list[ColumnElement[bool]]]  # of the moment, the run's id and the part


def _between(kind: int, before: Place | None, after: Place) -> Between:
    def conditions(at: Any, run_id: Any, part: Any) -> list[ColumnElement[bool]]:
        newer = or_(run_id > after.run_id, (run_id == after.run_id) & (part > _typed(after, kind)))
        found: list[ColumnElement[bool]] = [at >= after.at, or_(at > after.at, _tie(kind > after.kind, kind == after.kind, newer))]
        if before is not None:
            older = or_(run_id < before.run_id, (run_id == before.run_id) & (part < _typed(before, kind)))
            found += [at <= before.at, or_(at < before.at, _tie(kind < before.kind, kind == before.kind, older))]
        return found

    return conditions


def _tie(certain: bool, undecided: bool, otherwise: ColumnElement[bool]) -> ColumnElement[bool]:
    return true() if certain else otherwise if undecided else false()


def _typed(place: Place, kind: int) -> int | str:
    """The part as the kind's column has it: an alert's is its version."""
    return int(place.part or 0) if kind == ALERTED and place.kind == ALERTED else "" if kind != place.kind else place.part


def _ended(key_id: str, between: Between, limit: int) -> Select[Any]:
    order = (Run.finished_at.desc(), Run.id.desc())
    recent = select(Run.id).where(Run.created_by == key_id, Run.state.in_(("finished", "failed")), *between(Run.finished_at, Run.id, literal("")))
    newest = recent.order_by(*order).limit(NEWEST).subquery()
    query = _of_runs(Run.finished_at, literal(""), Run.state, Run.reason, Run.finished_at - Run.started_at)
    query = query.join(newest, newest.c.id == Run.id)
    of_a_study = select(StudyRun.run_id).where(StudyRun.run_id == Run.id, StudyRun.queued).correlate(Run)
    return query.where(~of_a_study.exists()).order_by(*order).limit(limit)


def _studied(key_id: str, between: Between, limit: int) -> Select[Any]:
    took: Any = Study.ended_at - Study.created_at
    columns: tuple[Any, ...] = (
        Study.id,
        Study.name,
        Project.entity,
        Project.name,
        Study.ended_at,
        literal(""),
        literal("ended"),
        literal(""),
        took,
        Study.runs_ended,
        Study.runs_failed,
    )
    query = select(*columns).join(Project, Project.id == Study.project_id)
    query = query.where(Study.created_by == key_id, Study.cancelled_at.is_(None), Study.project_id != TRASH)
    return query.where(*between(Study.ended_at, Study.id, literal(""))).order_by(Study.ended_at.desc(), Study.id.desc()).limit(limit)


def _crashed(key_id: str, between: Between, limit: int) -> Select[Any]:
    mine = select(Run.id).where(Run.created_by == key_id, Run.finished_at.is_(None), Run.state == "crashed")
    mine = mine.order_by(Run.heartbeat_at.desc()).limit(MOST_CRASHED)
    last = select(Turn.run_id, func.max(Turn.at).label("at")).where(Turn.state == "crashed", Turn.run_id.in_(mine)).group_by(Turn.run_id).subquery()
    query = _of_runs(last.c.at, literal(""), Run.state, Run.reason, literal(None)).join(last, last.c.run_id == Run.id)
    return query.where(Run.state == "crashed", *between(last.c.at, Run.id, literal(""))).order_by(last.c.at.desc(), Run.id.desc()).limit(limit)


def _judged(key_id: str, between: Between, limit: int) -> Select[Any]:
    recent = select(Verdict.original_id, Verdict.rerun_id).where(*between(Verdict.judged_at, Verdict.original_id, Verdict.rerun_id))
    order = (Verdict.judged_at.desc(), Verdict.original_id.desc(), Verdict.rerun_id.desc())
    newest = recent.order_by(*order).limit(NEWEST).subquery()
    rerun = aliased(Run)
    query = _of_runs(Verdict.judged_at, Verdict.rerun_id, Verdict.outcome, Verdict.document["reason"].as_string(), literal(None))
    query = query.join(newest, newest.c.original_id == Run.id).join(rerun, rerun.id == newest.c.rerun_id)
    query = query.join(Verdict, (Verdict.rerun_id == newest.c.rerun_id) & (Verdict.original_id == newest.c.original_id))
    return query.where(or_(Run.created_by == key_id, rerun.created_by == key_id)).order_by(*order).limit(limit)


def _alerted(key_id: str, between: Between, limit: int) -> Select[Any]:
    order = (Alert.at.desc(), Alert.run_id.desc(), Alert.version.desc())
    recent = select(Alert.run_id, Alert.version).where(*between(Alert.at, Alert.run_id, Alert.version)).order_by(*order).limit(NEWEST).subquery()
    query = _of_runs(Alert.at, Alert.version, Alert.level, Alert.title + literal("\n") + Alert.text, literal(None))
    query = query.join(recent, recent.c.run_id == Run.id).join(Alert, (Alert.run_id == recent.c.run_id) & (Alert.version == recent.c.version))
    return query.where(Run.created_by == key_id).order_by(*order).limit(limit)


_SOURCES = (_ended, _crashed, _judged, _alerted, _studied)


def _of_runs(at: Any, part: Any, mark: Any, words: Any, took: Any) -> Select[Any]:
    """Without what is large of a run: a config would be read for nothing."""
    columns = (Run.id, Run.name, Project.entity, Project.name, at, part, mark, words, took)
    return select(*columns).select_from(Run).join(Project, Project.id == Run.project_id).where(Run.project_id != TRASH)


def _item(kind: int, row: Sequence[Any]) -> Item:
    run_id, name, entity, project, at, part, mark, words, took_s, *counts = row
    return Item(Place(at, kind, run_id, str(part)), name, f"{entity}/{project}", mark, words or "", took_s, *counts)
