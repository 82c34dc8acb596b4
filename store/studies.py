"""Studies: adding, finding, and the runs that stand for them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.database import now
from store.errors import StudyNotFound
from store.ids import new_run_id
from store.tables import TRASH, Project, Run, Study, StudyRun

AT_ONCE = 500
REUSED = ("queued", "running", "finished")


def add(session: Session, project: Project, name: str, plan: dict[str, Any], created_by: str | None) -> Study:
    moment = session.scalar(select(now()))
    study = Study(id=new_run_id(), project_id=project.id, name=name, plan=plan, created_at=moment, created_by=created_by)
    session.add(study)
    session.flush()
    return study


def moment(session: Session) -> float:
    """The database's own time, in epoch seconds."""
    return float(session.execute(select(now())).scalar_one())


def get(session: Session, study_id: str, entity: str | None) -> tuple[Study, Project]:
    """Raises StudyNotFound, also when the study belongs to another entity than the one given."""
    study = session.get(Study, study_id, populate_existing=True)
    project = None if study is None else session.get(Project, study.project_id)
    if study is None or project is None or entity not in (None, project.entity):
        raise StudyNotFound(study_id)
    return study, project


def of_project(session: Session, project: Project, limit: int) -> list[Study]:
    """Newest first."""
    return list(session.scalars(select(Study).where(Study.project_id == project.id).order_by(Study.created_at.desc(), Study.id.desc()).limit(limit)))


def reusable(session: Session, project: Project, digests: Sequence[str]) -> dict[str, Run]:
    """By config digest the project's oldest run that has finished with it or is about to. The project stays locked until the transaction ends.

    Two requests with the same configs therefore do not both train them.
    """
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update())
    found: dict[str, Run] = {}
    for first in range(0, len(digests), AT_ONCE):
        query = select(Run).where(Run.project_id == project.id, Run.config_digest.in_(digests[first : first + AT_ONCE]), Run.state.in_(REUSED))
        query = query.where(Run.origin == "managed", Run.rerun_of.is_(None), Run.cancel_requested_at.is_(None))
        for run in session.scalars(query.order_by(Run.created_at, Run.id)):
            found.setdefault(str(run.config_digest), run)
    return found


def members(session: Session, study_id: str) -> dict[tuple[int, int], Run]:
    """By variant and seed the run that stands for it. A run that was deleted is left out."""
    query = select(StudyRun, Run).join(Run, Run.id == StudyRun.run_id).where(StudyRun.study_id == study_id, Run.project_id != TRASH)
    return {(link.variant, link.seed): run for link, run in session.execute(query)}


def of_runs(session: Session, run_ids: Sequence[str]) -> dict[str, list[str]]:
    """The studies that each run stands in; a run of none is left out."""
    found: dict[str, list[str]] = {}
    query = select(StudyRun.run_id, StudyRun.study_id).where(StudyRun.run_id.in_(run_ids)).distinct().order_by(StudyRun.study_id)
    for run_id, study_id in session.execute(query):
        found.setdefault(run_id, []).append(study_id)
    return found
