"""Which runs were written lately, of all there are: `heads.stamp` grows with every write.

A mark is a stamp below which everything was told. On PostgreSQL a stamp is the number of its transaction: one that is still open may bear a
smaller stamp than what can be seen already, so a mark stays at the oldest open one, and what stands above it may be told twice, never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from store.database import fetch

MOST = 1000
HORIZON = {
    "sqlite": "SELECT coalesce(max(stamp), 0) + 1, coalesce(max(stamp), 0) + 1 FROM heads",
    "postgresql": "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s",
}


@dataclass(frozen=True)
class Written:
    run_id: str
    project_id: str
    version: int
    stamp: int


@dataclass(frozen=True)
class Lately:
    """What was written since a mark, oldest first, and the next mark; `is_all` when nothing more is to be read before it."""

    written: Sequence[Written]
    mark: int
    is_all: bool


def mark(session: Session) -> int:
    """A mark for what is written from now on."""
    connection = session.connection()
    return int(fetch(connection, HORIZON[connection.dialect.name])[0][0])


def since(session: Session, mark: int, project_id: str | None = None, after: tuple[int, str] = (0, ""), limit: int = MOST) -> Lately:
    """The runs written since the mark, of one project or of all; those that come after a stamp and run id, when a page was not all."""
    connection = session.connection()
    low, high = fetch(connection, HORIZON[connection.dialect.name])[0]
    # Stamps above all that there are come from another server, whose tables were brought here.
    text = """SELECT h.run_id, r.project_id, h.version, h.stamp FROM heads h JOIN runs r ON r.id = h.run_id
              WHERE h.stamp >= ? AND h.stamp < ? AND (h.stamp > ? OR (h.stamp = ? AND h.run_id > ?))"""
    values: tuple[object, ...] = (mark, high, after[0], after[0], after[1])
    if project_id is not None:
        text, values = f"{text} AND r.project_id = ?", (*values, project_id)
    rows = fetch(connection, f"{text} ORDER BY h.stamp, h.run_id LIMIT ?", (*values, limit))
    found = [Written(*row) for row in rows]
    if len(found) == limit:
        return Lately(found, max(mark, min(low, found[-1].stamp)), False)
    return Lately(found, max(mark, low), True)
