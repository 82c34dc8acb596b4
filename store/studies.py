"""Studies: adding, finding, deleting. The runs that stand for them are in study_runs.py."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import heads
from store.database import now
from store.errors import StudyNotFound
from store.ids import new_run_id
from store.study_plans import StudyPlan
from store.tables import TRASH, Project, Run, Study, StudyRun


@dataclass(frozen=True)
class Counts:
    """Runs of a study by their states, each counted once for each place that it stands in."""

    by_state: dict[str, int]

    @property
    def ended(self) -> int:
        return sum(count for state, count in self.by_state.items() if state not in ("queued", "running"))


def add(session: Session, project: Project, name: str, plan: StudyPlan, created_by: str | None) -> Study:
    study = Study(
        id=new_run_id(), project_id=project.id, name=name, plan=plan.row(), created_at=moment(session), created_by=created_by, archived=False
    )
    session.add(study)
    session.flush()
    return study


def moment(session: Session) -> float:
    """The database's own time, in epoch seconds."""
    return float(session.execute(select(now())).scalar_one())


def get(session: Session, study_id: str, entity: str | None, lock: bool = False) -> tuple[Study, Project]:
    """With `lock`, nobody else changes the study until the transaction ends.

    Raises StudyNotFound, also when the study belongs to another entity than the one given.
    """
    study = session.get(Study, study_id, populate_existing=True, with_for_update=lock or None)
    project = None if study is None else session.get(Project, study.project_id)
    if study is None or project is None or entity not in (None, project.entity):
        raise StudyNotFound(study_id)
    return study, project


def of_project(session: Session, project: Project, limit: int, archived: bool, before: tuple[float, str] | None = None) -> list[Study]:
    """Newest first; those that come after the place `before`."""
    query = select(Study).where(Study.project_id == project.id, Study.archived == archived)
    if before is not None:
        moment, study_id = before
        query = query.where((Study.created_at < moment) | ((Study.created_at == moment) & (Study.id < study_id)))
    return list(session.scalars(query.order_by(Study.created_at.desc(), Study.id.desc()).limit(limit)))


def counts(session: Session, study_ids: list[str]) -> dict[str, Counts]:
    found: dict[str, dict[str, int]] = {study_id: {} for study_id in study_ids}
    query = select(StudyRun.study_id, Run.state, func.count()).join(Run, Run.id == StudyRun.run_id)
    query = query.where(StudyRun.study_id.in_(study_ids), Run.project_id != TRASH).group_by(StudyRun.study_id, Run.state)
    for study_id, state, count in session.execute(query):
        found[study_id][state] = count
    return {study_id: Counts(by_state) for study_id, by_state in found.items()}


def remove(session: Session, study: Study) -> None:
    """The study is gone; its runs stay, and those who follow them are told."""
    members = list(session.scalars(select(StudyRun.run_id).where(StudyRun.study_id == study.id).distinct()))
    session.delete(study)
    session.flush()
    heads.advance_many(session.connection(), members)
