"""Runs that the wandb SDK logs: what it tells of them, and the ways in which only it may rewrite a run's history."""

import json
import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from store import heads, history, turns
from store.database import now
from store.tables import Project, Run, WandbRun

OWN = "_wandb"  # the key of a config, and of a summary, under which the SDK keeps what is its own
DEEPEST = 60


def find(session: Session, project: Project, name: str) -> Run | None:
    """The run that has this external id in the project."""
    return session.scalar(select(Run).where(Run.project_id == project.id, Run.external_id == name))


def told(session: Session, run: Run) -> WandbRun:
    """What the SDK told of the run; empty for one that it did not log, such as a run of our own workers."""
    return session.get(WandbRun, run.id, populate_existing=True) or told_nothing(run)


def begin(session: Session, run: Run) -> WandbRun:
    """The run's row of what the SDK tells, to be written to; made when there is none. The run's own row is locked."""
    session.get_one(Run, run.id, populate_existing=True, with_for_update={"of": Run})
    found = session.get(WandbRun, run.id, populate_existing=True)
    if found is None:
        found = told_nothing(run)
        session.add(found)
        session.flush()
    return found


def shown_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as people see it: {"lr": {"value": 0.1, "desc": null}} is {"lr": 0.1}, without the SDK's own part.

    What JSON or a text of the database cannot hold is spelled: the text that the SDK sent is kept beside it. Raises ValueError when it is too deep.
    """
    shown = {key: value["value"] if isinstance(value, Mapping) and "value" in value else value for key, value in config.items() if key != OWN}
    return {_text(key): _spelled(value, DEEPEST) for key, value in shown.items()}


def _spelled(value: Any, deep: int) -> Any:
    if deep < 0:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    if isinstance(value, Mapping):
        return {_text(key): _spelled(inner, deep - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_spelled(inner, deep - 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """With the sign for what cannot be shown in place of NUL and of halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_running(session: Session, run: Run) -> None:
    """The run is written to by the SDK: whatever ended or crashed before goes on."""
    if run.state == "running":
        session.execute(update(Run).where(Run.id == run.id).values(heartbeat_at=now()), execution_options={"synchronize_session": False})
        return
    run.state, run.reason, run.finished_at, run.cancel_requested_at = "running", None, None, None
    run.heartbeat_at = session.scalar(select(now()))
    turns.state(session, run.id, "running")


def start_anew(session: Session, run: Run) -> None:
    """A second init of the same id overwrites, as W&B documents it: history, output, config, summary and a wish to stop it are gone."""
    had = begin(session, run)
    run.cancel_requested_at = None
    history.clear(session, run)
    had.config, had.facts, had.description = "{}", {}, None
    run.config = {}
    run.created_at = run.started_at = session.scalar(select(now())) or run.created_at
    is_running(session, run)


def rewind(session: Session, run: Run, step: int) -> None:
    """Drop what came after the step; the run goes on from there."""
    begin(session, run)
    history.truncate(session, run.id, step)
    is_running(session, run)


def fork(session: Session, run: Run, parent: Run, step: int) -> None:
    """Begin the run's history with the parent's up to the step, included."""
    begin(session, run)
    history.copy(session, parent.id, run.id, step)


def note(session: Session, run: Run) -> None:
    """What is shown of the run has changed: its version moves on, which caches and those who follow it rest on."""
    session.flush()
    heads.advance(session.connection(), run.id)


def told_nothing(run: Run) -> WandbRun:
    config = json.dumps({key: {"value": value} for key, value in run.config.items()})
    return WandbRun(run_id=run.id, config=config, facts={}, description=None)


def number_of_runs(session: Session, project: Project) -> int:
    return session.scalar(select(func.count()).select_from(Run).where(Run.project_id == project.id)) or 0


def ask_to_stop(session: Session, run: Run) -> None:
    """The process that logs the run hears of it with its next lines. Nothing for a run that has ended."""
    if run.state == "running" and run.cancel_requested_at is None:
        run.cancel_requested_at = session.scalar(select(now()))
        note(session, run)


def abandon(session: Session, run: Run) -> None:
    """A running run that is about to be deleted has failed: its process hears that there is no such run."""
    if run.origin == "client" and run.state == "running":
        run.state, run.finished_at = "failed", session.scalar(select(now()))
        turns.state(session, run.id, "failed", "It was deleted while it ran.")
