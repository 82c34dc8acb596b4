"""Runs whose last verdict has become stale, run again a few at a time, so that an upgrade does not fill the queue."""

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from store import automatic
from store.database import now
from store.policies import HOUR_S
from store.staleness import Fleet
from store.tables import AutomaticRerun, Policy, Run, Verdict


def queue_due(session: Session, policy: Policy) -> list[Run]:
    """Reruns of the runs that were judged last; the policy's row is locked. Never more than so many in an hour, nor more than that waiting."""
    room = _room(session, policy)
    stale = stale_marks(session, policy.project_id) if room > 0 else []
    if not stale:
        return []
    asked = exists().where(_AGAIN.rerun_of == Run.id, _AGAIN.state.in_(("queued", "running")))
    due = select(Run).join(Verdict, Verdict.original_id == Run.id).where(*newest_verdicts(policy.project_id), Verdict.judged_with.in_(stale))
    due = due.where(Run.archived.is_(False), ~asked).order_by(Verdict.judged_at.desc()).limit(room)
    return [automatic.add(session, original, "stale") for original in session.scalars(due)]


def stale_marks(session: Session, project_id: str) -> list[str]:
    """What verdicts of the project were judged with that no living node has."""
    fleet = Fleet.of(session)
    held = select(Verdict.judged_with).join(Run, Run.id == Verdict.original_id).where(Run.project_id == project_id).distinct()
    return [mark for mark in session.scalars(held) if mark is not None and fleet.why_stale(mark)]


def newest_verdicts(project_id: str) -> list[ColumnElement[bool]]:
    """Conditions on Run joined to Verdict: originals of the project that finished, each with the last verdict on a rerun of it."""
    later = or_(_LATER.judged_at > Verdict.judged_at, and_(_LATER.judged_at == Verdict.judged_at, _LATER.rerun_id > Verdict.rerun_id))
    newer = exists().where(_LATER.original_id == Verdict.original_id, later, _of_a_rerun(_LATER))
    return [Run.project_id == project_id, Run.state == "finished", Run.origin == "managed", _of_a_rerun(Verdict), ~newer]


_AGAIN, _LATER, _RERUN = aliased(Run), aliased(Verdict), aliased(Run)


def _of_a_rerun(verdict: type[Verdict]) -> ColumnElement[bool]:
    """And not one on any two runs that somebody named."""
    return exists().where(_RERUN.id == verdict.rerun_id, _RERUN.rerun_of == verdict.original_id)


def _room(session: Session, policy: Policy) -> int:
    """How many more may be queued now."""
    mine = select(func.count()).select_from(AutomaticRerun).where(AutomaticRerun.project_id == policy.project_id, AutomaticRerun.cause == "stale")
    lately = session.scalar(mine.where(AutomaticRerun.made_at > now() - HOUR_S)) or 0
    waiting = session.scalar(mine.where(AutomaticRerun.ended_at.is_(None))) or 0
    return (policy.reverify_per_hour or 0) - max(lately, waiting)
