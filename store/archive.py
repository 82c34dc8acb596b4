"""Archived runs: kept whole, out of the way, brought back by one call."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from store import heads
from store.database import now
from store.tables import Run

RUNS_AT_ONCE = 1000


def count(session: Session, which: Sequence[ColumnElement[bool]], archived: bool) -> int:
    """How many of the runs `move` would change."""
    return session.scalar(select(func.count()).select_from(Run).where(*which, Run.archived != archived)) or 0


def move(session: Session, which: Sequence[ColumnElement[bool]], archived: bool, after: str = "") -> tuple[int, str | None]:
    """Archive the first runs behind the id `after`, or bring them back. Returns how many, and the last one's id, None when none was left."""
    found = select(Run.id).where(*which, Run.archived != archived, Run.id > after).order_by(Run.id).limit(RUNS_AT_ONCE)
    ids = list(session.scalars(found.with_for_update(of=Run)))
    if not ids:
        return 0, None
    moved = update(Run).where(Run.id.in_(ids)).values(archived=archived, archived_at=now() if archived else None)
    session.execute(moved, execution_options={"synchronize_session": False})
    for run_id in ids:
        heads.advance(session.connection(), run_id)
    return len(ids), ids[-1]
