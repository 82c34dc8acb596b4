"""Runs that clients log: what a write needs to know of many of them at once, in one statement, their rows locked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from store import heads, turns
from store.database import NOW, ask, in_list, write
from store.heads import Head
from store.tables import TRASH

HEARTBEAT_EVERY_S = 0.25  # a sign of life is noted no more often: each rewrites the run's row


@dataclass(frozen=True)
class Logged:
    """A run as it was found; `moment` is the database's clock."""

    run_id: str
    project_id: str
    origin: str
    state: str
    entity: str
    heartbeat_at: float
    moment: float
    head: Head


def lock(connection: Connection, run_ids: Sequence[str]) -> Callable[[], dict[str, Logged]]:
    """What gives the runs that there are, their rows locked to the end of the transaction."""
    which = f"r.id IN {in_list(len(run_ids))}"
    if connection.dialect.name == "postgresql":
        # A statement of its own: what is read in that which waits for the lock may be older than what the other one wrote.
        # In the order of their ids: two processes that lock several runs must not wait for each other.
        write(connection, f"SELECT 1 FROM runs r WHERE {which} ORDER BY r.id FOR NO KEY UPDATE", [run_ids])
    text = f"""
        SELECT r.id, r.project_id, r.origin, r.state, r.heartbeat_at, p.entity, {NOW[connection.dialect.name]} AS moment,
               h.version, h.metrics, h.refused, h.clocks, h.blocks
        FROM runs r JOIN projects p ON p.id = r.project_id LEFT JOIN heads h ON h.run_id = r.id
        WHERE {which} AND r.project_id <> '{TRASH}'"""
    rows = ask(connection, text, run_ids)
    return lambda: {row[0]: _logged(row) for row in rows()}


def touch(connection: Connection, runs: Sequence[Logged]) -> None:
    """Note a sign of life of these; those that had crashed are running again."""
    stale = [run for run in runs if run.state != "running" or run.moment - run.heartbeat_at >= HEARTBEAT_EVERY_S]
    text = "UPDATE runs SET state = 'running', reason = NULL, heartbeat_at = ? WHERE id = ?"
    write(connection, text, [(run.moment, run.run_id) for run in stale])
    for run in stale:
        if run.state != "running":
            run.head.version = turns.state_on(connection, run.run_id, "running")


def _logged(row: Any) -> Logged:
    run_id, project_id, origin, state, heartbeat_at, entity, moment, *of_head = row
    head = Head(run_id) if of_head[0] is None else heads.of_row(run_id, *of_head)
    return Logged(run_id, project_id, origin, state, entity, heartbeat_at or 0.0, moment, head)
