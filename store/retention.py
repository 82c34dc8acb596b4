"""How long a project keeps its runs: archived some days after they ended, deleted some days after they were archived, unless something keeps them.

Off unless a project says so. What is archived comes back by one call until its days are over; what is deleted does not.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from store.database import now
from store.search.conditions import condition
from store.search.subject import RUNS, Subject
from store.search.syntax import read_filter
from store.tables import TERMINAL, TRASH, Project, Run, RunTag, Verdict

DAY_S = 24 * 3600.0
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Retention:
    """`keep_filter` is in the language of the run table; `keep_verdicts` keeps both runs of every verdict, and originals whose reruns are there."""

    archive_after_days: int | None = None
    delete_archived_after_days: int | None = None
    keep_tags: tuple[str, ...] = ()
    keep_filter: str | None = None
    keep_baselines: bool = True
    keep_verdicts: bool = True

    @classmethod
    def of(cls, project: Project) -> "Retention":
        held: Mapping[str, Any] = project.retention or {}
        return cls(**{**held, "keep_tags": tuple(held.get("keep_tags", ()))})

    def put(self, project: Project) -> None:
        project.retention = None if self == Retention() else {**asdict(self), "keep_tags": list(self.keep_tags)}


def projects(session: Session) -> list[Project]:
    """Those that do not keep everything."""
    return list(session.scalars(select(Project).where(Project.retention.is_not(None)).order_by(Project.id)))


def to_archive(project: Project, retention: Retention) -> Conditions | None:
    """Which runs are to be archived now; None when none ever are. Raises BadSearch."""
    if retention.archive_after_days is None:
        return None
    ended_at = func.coalesce(Run.finished_at, Run.heartbeat_at, Run.created_at)
    old = ended_at < now() - retention.archive_after_days * DAY_S
    return [Run.project_id == project.id, not_(Run.archived), Run.state.in_((*TERMINAL, "crashed")), old, *_not_kept(retention)]


def to_delete(project: Project, retention: Retention) -> Conditions | None:
    """Which runs are to be deleted now; None when none ever are. Raises BadSearch."""
    if retention.delete_archived_after_days is None:
        return None
    old = Run.archived_at < now() - retention.delete_archived_after_days * DAY_S
    return [Run.project_id == project.id, Run.archived == true(), old, *_not_kept(retention)]


def _not_kept(retention: Retention) -> Conditions:
    other = aliased(Run)
    there = other.project_id != TRASH
    conditions: Conditions = []
    if retention.keep_tags:
        conditions.append(Run.id.not_in(select(RunTag.run_id).where(RunTag.tag.in_(retention.keep_tags))))
    if retention.keep_filter:
        conditions.append(not_(condition(read_filter(retention.keep_filter), Subject.row(RUNS))))
    if retention.keep_baselines:
        conditions.append(Run.id.not_in(select(other.baseline_id).where(other.baseline_id.is_not(None), there)))
    if retention.keep_verdicts:
        judged = select(Verdict.rerun_id).where(or_(Verdict.rerun_id == Run.id, Verdict.original_id == Run.id)).correlate(Run)
        rerun = select(other.id).where(other.rerun_of == Run.id, there).correlate(Run)
        conditions += [not_(judged.exists()), not_(rerun.exists())]
    return conditions
