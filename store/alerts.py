"""Alerts that runs raise: kept with the run, told to who follows it and to the project's webhook."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from store import heads, webhooks
from store.alert_tables import LEVELS
from store.database import now
from store.errors import Conflict
from store.moments import rfc3339
from store.tables import Alert, Run

MOST_ALERTS = 1000
MOST_TITLE, MOST_TEXT = 1000, 10_000
LATELY_S = 10.0


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


def since(session: Session, versions: dict[str, int | None], limit: int = 100) -> Sequence[Alert]:
    """Alerts of these runs behind a version of each; where that is None, those of the last seconds."""
    if not versions:
        return []
    lately = Alert.at > now() - LATELY_S
    which = [(Alert.run_id == run_id) & (lately if after is None else Alert.version > after) for run_id, after in versions.items()]
    return list(session.scalars(select(Alert).where(or_(*which)).order_by(Alert.at, Alert.run_id, Alert.version).limit(limit)))
