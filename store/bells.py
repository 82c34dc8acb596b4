"""For which queued runs no doorbell was sent lately: a bell may be lost, and the row is the truth."""

from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from store.database import now
from store.tables import Run


def door(queue: str | None, wanted_node: str | None) -> str:
    """The queue whose workers may train a run."""
    return f"node.{wanted_node}" if wanted_node else str(queue)


def is_any_unrung(session: Session, older_than_s: float) -> bool:
    return session.scalar(select(Run.id).where(*_unrung(older_than_s)).limit(1)) is not None


def doors(session: Session, older_than_s: float) -> list[str]:
    """Where runs wait for which nobody rang in the last seconds."""
    found = session.execute(select(Run.queue, Run.wanted_node).where(*_unrung(older_than_s)).distinct())
    return sorted({door(*row) for row in found})


def unrung(session: Session, at: str, older_than_s: float, limit: int) -> list[str]:
    """The first runs that wait behind the door and were not rung for; they now count as rung."""
    behind = or_((Run.queue == at) & Run.wanted_node.is_(None), Run.wanted_node == at.removeprefix("node."))
    query = select(Run.id, Run.queue, Run.wanted_node).where(*_unrung(older_than_s), behind).order_by(Run.priority.desc(), Run.created_at, Run.id)
    rung = [run_id for run_id, *of in session.execute(query.limit(limit)) if door(*of) == at]
    if rung:
        session.execute(update(Run).where(Run.id.in_(rung)).values(rung_at=now()).execution_options(synchronize_session=False))
    return rung


def _unrung(older_than_s: float) -> tuple[Any, ...]:
    return Run.state == "queued", or_(Run.rung_at.is_(None), Run.rung_at < now() - older_than_s)
