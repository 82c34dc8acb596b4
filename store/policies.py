"""What a project wants run again by itself."""

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.tables import TRASH, Policy, Project, Run

HOUR_S = 3600.0


@dataclass(frozen=True)
class Wanted:
    """The policy as values; all of it off by default. The canary is a run, by its id, and how often it is run again on every node."""

    rerun: str = "never"
    fraction: float | None = None
    canary_run_id: str | None = None
    canary_every_hours: float | None = None
    reverify_per_hour: int | None = None


def get(session: Session, project: Project) -> Wanted:
    held = session.get(Policy, project.id)
    if held is None:
        return Wanted()
    every_hours = None if held.canary_every_s is None else held.canary_every_s / HOUR_S
    return Wanted(held.rerun, held.fraction, held.canary_run_id, every_hours, held.reverify_per_hour)


def put(session: Session, project: Project, wanted: Wanted) -> None:
    """In force for every run that finishes from the commit on."""
    held = session.get(Policy, project.id) or Policy(project_id=project.id)
    held.rerun, held.fraction, held.reverify_per_hour = wanted.rerun, wanted.fraction, wanted.reverify_per_hour
    held.canary_run_id = wanted.canary_run_id
    held.canary_every_s = None if wanted.canary_every_hours is None else wanted.canary_every_hours * HOUR_S
    session.add(held)
    session.flush()


def watchful(session: Session) -> list[str]:
    """The projects that want more than what happens at the end of a run: canaries, or stale verdicts judged anew."""
    some = or_(Policy.canary_run_id.is_not(None), Policy.reverify_per_hour.is_not(None))
    return list(session.scalars(select(Policy.project_id).where(some).order_by(Policy.project_id)))


def locked(session: Session, project_id: str) -> Policy | None:
    """The policy, with its row locked to the end of the transaction: whoever else would queue for it waits, and then sees what was queued."""
    return session.scalars(select(Policy).where(Policy.project_id == project_id).with_for_update()).one_or_none()


def original(session: Session, run_id: str | None) -> Run | None:
    """A finished managed run that can be run again; None for one that has not finished or was deleted."""
    run = session.get(Run, run_id, populate_existing=True) if run_id else None
    usable = run is not None and run.project_id != TRASH and run.origin == "managed" and run.state == "finished"
    return run if usable else None
