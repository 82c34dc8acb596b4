"""What happens to a run beside points and log lines, in order: the changes of its state, and where its points gave way.

Whoever notes it holds the run's row locked, as for all that moves a run's version on.
"""

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from store import heads
from store.database import NOW, in_list, write


def state(session: Session, run_id: str, state: str, reason: str | None = None) -> None:
    """Note that the run is in this state from now on."""
    session.flush()
    state_on(session.connection(), run_id, state, reason)


def state_on(connection: Connection, run_id: str, state: str, reason: str | None = None) -> int:
    """The same by a connection. Returns the run's version that it is."""
    version = heads.advance(connection, run_id)
    _write(connection, run_id, version, state, reason, None)
    return version


def queued_first(connection: Connection, run_ids: Sequence[str]) -> None:
    """Note of runs that are new that they are queued, as the first that is known of them."""
    heads.advance_many(connection, run_ids)
    _write_many(connection, [(run_id, 1, "queued", None, None) for run_id in run_ids])


def cancelled(connection: Connection, run_ids: Sequence[str], reason: str) -> None:
    """Note of each of the runs, which are known to be queued, that it was cancelled."""
    heads.advance_all(connection, run_ids)
    text = f"INSERT INTO turns (run_id, version, state, reason, at) SELECT run_id, version, 'cancelled', ?, {NOW[connection.dialect.name]} FROM heads"
    write(connection, f"{text} WHERE run_id IN {in_list(len(run_ids))}", [(reason, *run_ids)])


def cut(connection: Connection, run_id: str, version: int, from_step: int) -> None:
    """Note that with this version the run lost its points from a step on."""
    _write(connection, run_id, version, None, None, from_step)


def _write(connection: Connection, run_id: str, version: int, state: str | None, reason: str | None, from_step: int | None) -> None:
    _write_many(connection, [(run_id, version, state, reason, from_step)])


def _write_many(connection: Connection, rows: Sequence[tuple[str, int, str | None, str | None, int | None]]) -> None:
    text = f"INSERT INTO turns (run_id, version, state, reason, from_step, at) VALUES (?, ?, ?, ?, ?, {NOW[connection.dialect.name]})"
    write(connection, text, rows)
