"""Which checkpoints a run can go on from. A row is written together with all points of the steps before it, by the attempt that has the run."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.database import insert_into, now
from store.fence import Claim, must_own
from store.tables import Checkpoint, Run

GENERATIONS = 2


def add(session: Session, claim: Claim, step: int, name: str, size_bytes: int) -> list[str]:
    """Names of the files that are no longer needed. Raises LeaseLost."""
    must_own(session, claim)
    key = {"run_id": claim.run_id, "attempt": claim.attempt, "step": step}
    new = insert_into(session, Checkpoint).values(**key, name=name, size_bytes=size_bytes, created_at=now())
    session.execute(new.on_conflict_do_update(index_elements=list(key), set_={"name": name, "size_bytes": size_bytes}))
    held = of_run(session, claim.run_id)
    kept, old = held[:GENERATIONS], held[GENERATIONS:]
    for each in old:
        session.delete(each)
    session.flush()
    return sorted({each.name for each in old} - {each.name for each in kept})


def of_run(session: Session, run_id: str) -> list[Checkpoint]:
    """Newest first."""
    newest = select(Checkpoint).where(Checkpoint.run_id == run_id).order_by(Checkpoint.attempt.desc(), Checkpoint.step.desc())
    return list(session.scalars(newest))


def forget(session: Session, run_id: str) -> None:
    """The run has ended and goes on from nowhere."""
    session.execute(delete(Checkpoint).where(Checkpoint.run_id == run_id), execution_options={"synchronize_session": False})


def over(session: Session, run_ids: list[str]) -> list[str]:
    """Those of the runs that will not go on: ended, or unknown."""
    goes_on = set(session.scalars(select(Run.id).where(Run.id.in_(run_ids), Run.state.in_(("queued", "running")))))
    return [run_id for run_id in run_ids if run_id not in goes_on]
