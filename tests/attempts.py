"""Attempts at runs, made and lost by hand: what a worker does, without one."""

from sqlalchemy import update

from store import lifecycle, runs
from store.database import Database, now
from store.lifecycle import Claim
from store.tables import Run

LEASE_S = 15.0


def claim(database: Database, node: str = "a", run: Run | None = None) -> Claim:
    with database.begin() as session:
        taken = lifecycle.claim(session, node, ["cpu"], LEASE_S, None if run is None else run.id)
    assert taken is not None
    return taken


def expire(database: Database, taken: Claim) -> None:
    with database.begin() as session:
        session.execute(update(Run).where(Run.id == taken.run_id).values(lease_until=now() - 1.0))


def lose(database: Database, max_attempts: int = 3) -> list[lifecycle.Lost]:
    with database.begin() as session:
        return lifecycle.lose_expired(session, max_attempts)


def look(database: Database, run_id: str) -> Run:
    with database.read() as session:
        return runs.get(session, run_id)
