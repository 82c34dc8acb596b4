"""Runs that the wandb SDK logs: what it tells of them, and the ways in which only it may rewrite a run's history."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from store import findings, heads, logs, series, turns, wandb_history
from store.database import now
from store.tables import Project, Run, WandbRun

OWN = "_wandb"  # the key of a config, and of a summary, under which the SDK keeps what is its own


def find(session: Session, project: Project, name: str) -> Run | None:
    """The run that has this external id in the project."""
    return session.scalar(select(Run).where(Run.project_id == project.id, Run.external_id == name))


def told(session: Session, run: Run) -> WandbRun:
    """What the SDK told of the run; empty for one that it did not log, such as a run of our own workers."""
    return session.get(WandbRun, run.id, populate_existing=True) or _blank(run)


def begin(session: Session, run: Run) -> WandbRun:
    """The run's row of what the SDK tells, to be written to; made when there is none. The run's own row is locked."""
    session.get_one(Run, run.id, populate_existing=True, with_for_update={"of": Run})
    found = session.get(WandbRun, run.id, populate_existing=True)
    if found is None:
        found = _blank(run)
        session.add(found)
        session.flush()
    return found


def shown_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as people see it: {"lr": {"value": 0.1, "desc": null}} is {"lr": 0.1}, without the SDK's own part."""
    return {key: value["value"] if isinstance(value, Mapping) and "value" in value else value for key, value in config.items() if key != OWN}


def is_running(session: Session, run: Run) -> None:
    """The run is written to by the SDK: whatever ended or crashed before goes on."""
    if run.state == "running":
        session.execute(update(Run).where(Run.id == run.id).values(heartbeat_at=now()), execution_options={"synchronize_session": False})
        return
    run.state, run.reason, run.finished_at, run.cancel_requested_at = "running", None, None, None
    run.heartbeat_at = session.scalar(select(now()))
    turns.state(session, run.id, "running")


def ended(session: Session, run: Run, exit_code: int) -> None:
    """The SDK said that its process is done."""
    state, reason = ("finished", None) if exit_code == 0 else ("failed", f"The process ended with exit code {exit_code}.")
    if run.state == state and run.reason == reason:
        return
    run.state, run.reason, run.finished_at = state, reason, session.scalar(select(now()))
    turns.state(session, run.id, state, reason)
    findings.note(session, run)


def start_anew(session: Session, run: Run) -> None:
    """A second init of the same id overwrites, as W&B documents it: history, output, config and summary are gone."""
    had = begin(session, run)
    series.truncate(session, run.id, 0)
    wandb_history.forget(session, run.id, 0)
    logs.drop(session, run.id)
    blank = _blank(run)
    for name in ("config", "summary", "facts", "exit_code", "history_lines", "event_lines", "history_tail", "event_tail", "floats", "kinds"):
        setattr(had, name, getattr(blank, name))
    run.config = {}
    run.created_at = run.started_at = session.scalar(select(now())) or run.created_at
    is_running(session, run)


def rewind(session: Session, run: Run, step: int) -> None:
    """Drop what came after the step; the run goes on from there."""
    had = begin(session, run)
    series.truncate(session, run.id, step + 1)
    wandb_history.forget(session, run.id, step + 1)
    _count_lines(session, run, had)
    is_running(session, run)


def fork(session: Session, run: Run, parent: Run, step: int) -> None:
    """Begin the run's history with the parent's up to the step, included."""
    had, from_ = begin(session, run), told(session, parent)
    wandb_history.copy(session, parent.id, run.id, step)
    had.floats, had.kinds = list(from_.floats), dict(from_.kinds)
    _count_lines(session, run, had)


def note(session: Session, run: Run) -> None:
    """What is shown of the run has changed: its version moves on, which caches and those who follow it rest on."""
    session.flush()
    heads.advance(session.connection(), run.id)


def _count_lines(session: Session, run: Run, had: WandbRun) -> None:
    last = wandb_history.rows(session, run.id, had.floats, newest_first=True, limit=1)
    had.history_lines = wandb_history.count(session, run.id)
    had.history_tail = json.dumps(last[0]) if last else ""
    had.summary = had.history_tail or "{}"


def _blank(run: Run) -> WandbRun:
    return WandbRun(
        run_id=run.id,
        config=json.dumps({key: {"value": value} for key, value in run.config.items()}),
        summary="{}",
        facts={},
        description=None,
        exit_code=None,
        history_lines=0,
        event_lines=0,
        history_tail="",
        event_tail="",
        floats=[],
        kinds={},
        set_aside=0,
        set_aside_reason=None,
    )


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
