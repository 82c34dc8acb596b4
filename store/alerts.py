"""Alerts that runs raise: kept with the run, told to who follows it and to the project's webhook."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import heads, webhooks
from store.alert_tables import LEVELS
from store.database import now
from store.errors import Conflict
from store.moments import rfc3339
from store.tables import Alert, Run

MOST_ALERTS = 1000
MOST_TITLE, MOST_TEXT = 1000, 10_000


def add(session: Session, run: Run, title: str, text: str, level: str, wait_s: float = 0.0) -> bool:
    """Whether it was raised: not when one of the same title was, less than `wait_s` ago. Raises Conflict when the run has raised too many.

    The caller holds the run's row locked. Over-long texts are cut, NULs replaced.
    """
    title, text = (part.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most] for part, most in ((title, MOST_TITLE), (text, MOST_TEXT)))
    moment = session.scalar(select(now())) or 0.0
    earlier = select(func.max(Alert.at)).where(Alert.run_id == run.id, Alert.title == title)
    last = session.scalar(earlier) if wait_s > 0 else None
    if last is not None and moment - last < wait_s:
        return False
    if (session.scalar(select(func.count()).where(Alert.run_id == run.id)) or 0) >= MOST_ALERTS:
        raise Conflict(f"Run {run.external_id} has raised {MOST_ALERTS} alerts; more are not taken.")
    alert = Alert(run_id=run.id, version=heads.advance(session.connection(), run.id), title=title, text=text)
    alert.level, alert.at = level if level in LEVELS else "INFO", moment
    session.add(alert)
    session.flush()
    told = {"title": alert.title, "text": alert.text, "level": alert.level, "at": rfc3339(alert.at)}
    webhooks.put_out(session, run, run, "alert", {"run": run.id, "external_id": run.external_id, "name": run.name, "alert": told})
    return True


def of_run(session: Session, run_id: str) -> list[Alert]:
    """Oldest first."""
    return list(session.scalars(select(Alert).where(Alert.run_id == run_id).order_by(Alert.version)))


def lately(session: Session, run_ids: Sequence[str], for_s: float | None, limit: int = 100) -> Sequence[Alert]:
    """What these runs raised in the last seconds, or since they began; oldest first."""
    if not run_ids:
        return []
    query = select(Alert).where(Alert.run_id.in_(run_ids)).order_by(Alert.at, Alert.run_id, Alert.version).limit(limit)
    return list(session.scalars(query if for_s is None else query.where(Alert.at > now() - for_s)))
