"""The fencing token: an attempt that lost its run writes nothing more."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.errors import LeaseLost
from store.tables import Run
from trainer.config import RunConfig


@dataclass(frozen=True)
class Claim:
    """One attempt at a run, held by a node while it renews its lease."""

    run_id: str
    attempt: int
    node: str
    config: RunConfig
    lease_s: float


def must_own(session: Session, claim: Claim) -> None:
    """Nothing, with the run's row locked for this transaction. Raises LeaseLost when another attempt, or none, has the run."""
    mine = select(Run.id).where(Run.id == claim.run_id, Run.attempt == claim.attempt, Run.state == "running").with_for_update()
    if session.scalar(mine) is None:
        raise lost(claim)


def lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"Attempt {claim.attempt} no longer owns run {claim.run_id}.")
