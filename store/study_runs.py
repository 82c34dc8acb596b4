"""Which runs stand for which seed of which variant of a study, and what has come of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, select, tuple_
from sqlalchemy.orm import Session, aliased

from store import heads
from store.database import write
from store.tables import TERMINAL, TRASH, Head, Project, Run, Series, Study, StudyRun

AT_ONCE = 500
REUSED = ("queued", "running", "finished")
MOST_ENVIRONMENTS = 1000
INSERT = "INSERT INTO study_runs (study_id, variant, seed, run_id, queued) VALUES (?, ?, ?, ?, ?)"
Place = tuple[int, int]  # variant, seed
BEFORE_ALL: Place = (-1, -1)


class Standing(NamedTuple):
    """The run that stands at a place, without what is large. `version` is another one whenever the run was written to."""

    run_id: str
    state: str
    version: int

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


class Summed(NamedTuple):
    last: float
    min: float | None
    max: float | None


@dataclass(frozen=True)
class Link:
    variant: int
    seed: int
    run_id: str
    queued: bool  # by the study itself


def add(session: Session, study_id: str, links: Sequence[Link]) -> None:
    """What stood at the same places before no longer does. Runs that were there already are told that they stand in the study."""
    for first in range(0, len(links), AT_ONCE):
        some = links[first : first + AT_ONCE]
        taken = [StudyRun.study_id == study_id, StudyRun.seed.in_({link.seed for link in some})]
        places = {(link.variant, link.seed) for link in some}
        for row in session.execute(select(StudyRun.run_id, StudyRun.variant, StudyRun.seed).where(*taken)).all():
            if (row.variant, row.seed) in places:
                session.execute(delete(StudyRun).where(*taken, StudyRun.variant == row.variant, StudyRun.seed == row.seed))
        write(session.connection(), INSERT, [(study_id, link.variant, link.seed, link.run_id, link.queued) for link in some])
    tell(session, {link.run_id for link in links if not link.queued})


def tell(session: Session, run_ids: Collection[str]) -> None:
    """What is shown of these runs has changed. Their rows stay locked to the end of the transaction."""
    ids = sorted(run_ids)
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        session.execute(select(Run.id).where(Run.id.in_(some)).order_by(Run.id).with_for_update(key_share=True))
        heads.advance_many(session.connection(), some)


def standing(session: Session, study_id: str) -> dict[Place, Standing]:
    """By place the run that stands there. A run that was deleted is left out."""
    query = select(StudyRun.variant, StudyRun.seed, Run.id, Run.state, Head.version).join(Run, Run.id == StudyRun.run_id)
    query = query.outerjoin(Head, Head.run_id == Run.id).where(StudyRun.study_id == study_id, Run.project_id != TRASH)
    return {(variant, seed): Standing(run_id, state, version or 0) for variant, seed, run_id, state, version in session.execute(query)}


def of_runs(session: Session, run_ids: Sequence[str]) -> dict[str, list[str]]:
    """The studies that each run stands in; a run of none is left out."""
    found: dict[str, list[str]] = {}
    query = select(StudyRun.run_id, StudyRun.study_id).where(StudyRun.run_id.in_(run_ids)).distinct().order_by(StudyRun.study_id)
    for run_id, study_id in session.execute(query):
        found.setdefault(run_id, []).append(study_id)
    return found


def reusable(session: Session, project: Project, digests: Sequence[str], lock: bool = True) -> dict[str, str]:
    """By config digest the project's oldest run that has finished with it or is about to.

    With `lock`, two requests with the same configs do not both train them: the second waits for the first one's transaction.
    """
    if lock:
        lock_project(session, project.id)
    found: dict[str, str] = {}
    for first in range(0, len(digests), AT_ONCE):
        query = select(Run.config_digest, Run.id).where(Run.project_id == project.id, Run.config_digest.in_(digests[first : first + AT_ONCE]))
        query = query.where(Run.state.in_(REUSED), Run.origin == "managed", Run.rerun_of.is_(None), Run.cancel_requested_at.is_(None))
        for digest, run_id in session.execute(query.order_by(Run.created_at, Run.id)):
            found.setdefault(str(digest), run_id)
    return found


def lock_project(session: Session, project_id: str) -> None:
    """To the end of the transaction no other one takes runs of the project into a study, or cancels those of one."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update(key_share=True))


def reruns(session: Session, study_id: str) -> list[tuple[str, str, int]]:
    """Of the study's runs the exact reruns that have finished: original, rerun and its version."""
    query = select(Run.rerun_of, Run.id, Head.version).outerjoin(Head, Head.run_id == Run.id)
    query = query.where(Run.rerun_of.in_(_members(study_id)), Run.state == "finished", Run.project_id != TRASH)
    return [(str(original), rerun, version or 0) for original, rerun, version in session.execute(query.order_by(Run.id))]


def sums(session: Session, run_ids: Sequence[str], metrics: Sequence[str]) -> dict[tuple[str, str], Summed]:
    """By run and metric."""
    found: dict[tuple[str, str], Summed] = {}
    for first in range(0, len(run_ids), AT_ONCE):
        some = run_ids[first : first + AT_ONCE]
        query = select(Series.run_id, Series.metric, Series.last, Series.min, Series.max).where(Series.run_id.in_(some), Series.metric.in_(metrics))
        found |= {(run_id, metric): Summed(last, low, high) for run_id, metric, last, low, high in session.execute(query)}
    return found


def trained_with(session: Session, study_id: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Id and environment of the study's finished runs, of the first thousand of them."""
    query = select(Run.id, Run.environment).where(Run.id.in_(_members(study_id)), Run.state == "finished", Run.project_id != TRASH)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Run.id).limit(MOST_ENVIRONMENTS))]


def digests(session: Session, run_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Of the first thousand of these runs what their training has told of its data and weights."""
    return list(session.scalars(select(Run.digests).where(Run.id.in_(run_ids[:MOST_ENVIRONMENTS])).order_by(Run.id)))


def last_of(session: Session, study_id: str, after: Place, limit: int) -> Place | None:
    """The last of the first places behind one, in the order of variants and seeds; None when there are none."""
    query = select(StudyRun.variant, StudyRun.seed).where(StudyRun.study_id == study_id, tuple_(StudyRun.variant, StudyRun.seed) > tuple_(*after))
    found = session.execute(query.order_by(StudyRun.variant, StudyRun.seed).limit(limit)).all()
    return (found[-1].variant, found[-1].seed) if found else None


def to_cancel(study_id: str, after: Place, last: Place) -> list[ColumnElement[bool]]:
    """Which runs of these places a study had queued, and no other one waits for that is not cancelled.

    Their project's row must be locked, so that no other study takes one of them meanwhile.
    """
    place = tuple_(StudyRun.variant, StudyRun.seed)
    here = select(StudyRun.run_id).where(StudyRun.study_id == study_id, place > tuple_(*after), place <= tuple_(*last))
    other, of_other = aliased(StudyRun), aliased(Study)
    by_a_study = select(other.run_id).where(other.run_id == Run.id, other.queued).correlate(Run)
    wanted = select(other.run_id).join(of_other, of_other.id == other.study_id).where(other.run_id == Run.id, other.study_id != study_id)
    return [Run.id.in_(here), by_a_study.exists(), ~wanted.where(of_other.cancelled_at.is_(None)).correlate(Run).exists()]


def _members(study_id: str) -> Select[str]:
    return select(StudyRun.run_id).where(StudyRun.study_id == study_id)
