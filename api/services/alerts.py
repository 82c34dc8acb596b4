"""Alerts of runs: raised, and read."""

from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.schemas.alerts import AlertShown, NewAlert
from store import alerts, runs
from store.tables import Alert


def add(parts: Parts, caller: Caller, run_id: str, new: NewAlert) -> bool:
    """Whether it was raised. Raises RunNotFound, NotAClientRun, RunIsTerminal, Conflict."""
    with parts.db.begin() as session:
        run = runs.get(session, run_id, caller.entity)
        runs.touch_client(session, run)
        return alerts.add(session, run, new.title, new.text, new.level, new.wait_s)


def alert_shown(alert: Alert) -> AlertShown:
    return {"title": alert.title, "text": alert.text, "level": alert.level, "at": rfc3339(alert.at)}  # type: ignore[typeddict-item]
