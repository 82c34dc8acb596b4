"""Noting that the last run of a study has ended: the reaper does, for whoever ends a run has no time to count the others of a study."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from store.database import now
from store.tables import TRASH, Run, Study, StudyRun

ACTIVE = ("queued", "running")
AT_ONCE = 100
LATE_S = 600.0


def is_any(session: Session) -> bool:
    """Whether the end of some study is still to be noted."""
    return session.scalar(_unnoted().limit(1)) is not None


def note(session: Session) -> list[str]:
    """The studies whose end was noted now, a hundred at most."""
    noted = []
    for study_id in session.scalars(_unnoted().limit(AT_ONCE)).all():
        study = session.get(Study, study_id, populate_existing=True, with_for_update=True)
        if study is not None and session.scalar(_unnoted().where(Study.id == study_id)) is not None:  # it may have grown meanwhile
            failed = func.count().filter(Run.state == "failed")
            row = session.execute(_runs(study_id).with_only_columns(func.count(), failed, func.max(Run.finished_at))).one()
            study.runs_ended, study.runs_failed = row[0], row[1]
            study.ended_at = _moment(session, max(study.created_at, row[2] or 0.0))  # it may be all of runs that were there
            session.flush()
            noted.append(study_id)
    return noted


def _moment(session: Session, ended_at: float) -> float:
    """Now, for whoever was told all up to now must still hear of it; or when it was, long ago, as after an update."""
    moment = session.scalar(select(now())) or 0.0
    return moment if moment - ended_at < LATE_S else ended_at


def _unnoted() -> Select[str]:
    open_ = Study.ended_at.is_(None), Study.cancelled_at.is_(None)
    return select(Study.id).where(*open_, _last(Run.state.in_(ACTIVE)).is_(None), _last().is_not(None)).order_by(Study.id)


def _last(*conditions: ColumnElement[bool]) -> Any:
    """1 when the study has such a run. They are looked through from the last place on: what begins last ends last."""
    found = _runs(Study.id).with_only_columns(literal(1)).where(*conditions)
    return found.order_by(StudyRun.variant.desc(), StudyRun.seed.desc()).limit(1).correlate(Study).scalar_subquery()


def _runs(study_id: Any) -> Select[Any]:
    query = select(Run.id).select_from(StudyRun).join(Run, Run.id == StudyRun.run_id)
    return query.where(StudyRun.study_id == study_id, Run.project_id != TRASH)
