"""Attempts at runs, made and lost by hand: what a worker does, without one."""

from servers import wait_until
from sqlalchemy import update

from store import lifecycle, runs
from store.database import Database, now
from store.lifecycle import Claim
from store.tables import Run

LEASE_S = 15.0


def claim(database: Database, node: str = "a", run: Run | str | None = None, lease_s: float = LEASE_S) -> Claim:
    """The next attempt at a run. A claim passes over a row that another transaction holds just now, and a worker would ask again."""
    taken: list[Claim] = []

    def ask() -> bool:
        with database.begin() as session:
            taken.extend(filter(None, [lifecycle.claim(session, node, ["cpu"], lease_s, run.id if isinstance(run, Run) else run)]))
        return bool(taken)

    wait_until(ask, 10.0, f"{node} to claim {'a run' if run is None else run}")
    return taken[0]


def expire(database: Database, taken: Claim) -> None:
    with database.begin() as session:
        session.execute(update(Run).where(Run.id == taken.run_id).values(lease_until=now() - 1.0))


def lose(database: Database, max_attempts: int = 3) -> list[lifecycle.Lost]:
    with database.begin() as session:
        return lifecycle.lose_expired(session, max_attempts)


def look(database: Database, run_id: str) -> Run:
    with database.read() as session:
        return runs.get(session, run_id)
