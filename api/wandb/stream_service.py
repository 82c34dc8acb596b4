"""Taking a chunk of a run's streams: all of it in one transaction, with how far each stream was taken, so that a retry changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth import Caller
from api.parts import Parts
from api.services import names
from store import console, findings, history, history_rows, streamed, turns
from store.database import now
from store.errors import NotAClientRun, RunNotFound
from store.logged import HEARTBEAT_EVERY_S
from store.tables import Run

HISTORY, EVENTS, SUMMARY, OUTPUT = "wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json", "output.log"
FARTHEST = 2**53

Where = tuple[str, str, str]


def take(parts: Parts, caller: Caller, where: Where, sent: Mapping[str, Any], bad: Sequence[str], writer: str = "") -> dict[str, Any]:
    """The answer for the SDK; what was sent is committed. Raises ProjectNotFound, RunNotFound, NotAClientRun."""
    with parts.db.begin() as session:
        run = _locked(session, caller, where)
        moment = session.scalar(select(now())) or 0.0
        _go_on(session, run, moment, sent)
        points = _files(session, run.id, sent, moment, [*bad], writer)
        _end(session, run, sent)
        is_stopped = run.cancel_requested_at is not None and not run.is_terminal
    parts.metrics.count_points(points, 0)
    return {"exitcode": None, "limits": {}, **({"stopped": True} if is_stopped else {})}


def _locked(session: Session, caller: Caller, where: Where) -> Run:
    """Raises ProjectNotFound, RunNotFound, NotAClientRun."""
    entity, name, external_id = where
    project = names.get(session, caller, entity, name)
    run_id = session.scalar(select(Run.id).where(Run.project_id == project.id, Run.external_id == external_id))
    if run_id is None:
        raise RunNotFound(external_id)
    run = session.get_one(Run, run_id, populate_existing=True, with_for_update={"of": Run})
    if run.origin != "client":
        raise NotAClientRun(f"Run {run.id} is trained by a worker, which alone writes to it.")
    return run


def _go_on(session: Session, run: Run, moment: float, sent: Mapping[str, Any]) -> None:
    """Note a sign of life: whatever ended or crashed before goes on, unless this says that it is over."""
    if run.state == "running":
        if moment - (run.heartbeat_at or 0.0) >= HEARTBEAT_EVERY_S:
            session.execute(update(Run).where(Run.id == run.id).values(heartbeat_at=now()), execution_options={"synchronize_session": False})
        return
    if run.is_terminal and (sent.get("complete") or not sent.get("files")):
        return
    run.state, run.reason, run.finished_at, run.heartbeat_at = "running", None, None, moment
    turns.state(session, run.id, "running")


def _files(session: Session, run_id: str, sent: Mapping[str, Any], moment: float, bad: list[str], writer: str) -> int:
    """How many points came."""
    points = 0
    files = sent.get("files") or {}
    for name, file in files.items() if isinstance(files, dict) else ():
        offset, lines = (file.get("offset") or 0, file.get("content")) if isinstance(file, dict) else (0, None)
        lines = [lines] if isinstance(lines, str) else lines
        if not isinstance(lines, list) or offset.__class__ is not int or not 0 <= offset <= FARTHEST:
            bad.append(f"{name[:100]} takes an offset and a list of lines")
        elif name == HISTORY:
            points += history.append(session, run_id, offset, lines, moment, writer)
        elif name == EVENTS:
            history.append_events(session, run_id, offset, lines, moment, writer)
        elif name == OUTPUT:
            console.append(session, run_id, offset, lines, writer)
        elif name == SUMMARY:
            bad += _summary(session, run_id, lines, writer)
    streamed.set_aside(session, run_id, bad)
    return points


def _summary(session: Session, run_id: str, lines: Sequence[Any], writer: str) -> list[str]:
    """Take the summary, which comes as a whole; of several writers each sends its own, and they are put together. Why not, if it cannot be."""
    try:
        said = history_rows.parsed(lines[-1]) if lines else None
        if said is not None:
            held = (streamed.summary(session, run_id) or {}) if writer else {}
            streamed.set_summary(session, run_id, {**held, **said})
    except (history_rows.BadLine, RecursionError) as error:
        return [f"the summary: {error}"]
    return []


def _end(session: Session, run: Run, sent: Mapping[str, Any]) -> None:
    if not sent.get("complete"):
        return
    code = sent.get("exitcode")
    state, reason = _ending(code if code.__class__ is int else 0, run.cancel_requested_at is not None)
    if run.is_terminal and run.state == state:
        return
    run.state, run.reason, run.finished_at = state, reason, session.scalar(select(now()))
    session.flush()
    turns.state(session, run.id, state, reason)
    findings.note(session, run)


def _ending(code: int, was_asked_to_stop: bool) -> tuple[str, str | None]:
    """The state and why; a script that was asked to stop and came to its end all the same has finished."""
    if code == 0:
        return "finished", None
    if was_asked_to_stop:
        return "cancelled", f"It was asked to stop, and its process ended with exit code {code}."
    return "failed", f"The process ended with exit code {code}."
