"""What one request of the wandb SDK's file stream brings, taken in one transaction: history, system metrics, summary, output, the end.

Lines are numbered in each stream, from the run's first. Those that were taken before are passed over, so that a request that is sent again, or
that overlaps with an earlier one, changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store import logs, wandb_history, wandb_runs
from store.database import now
from store.errors import NotAClientRun
from store.tables import Run, WandbRun
from store.wandb_history import Taken, tolerant_loads

MOST_FLOATS = 10_000
LONGEST_REASON = 500


@dataclass(frozen=True)
class Lines:
    """Lines of a stream; `offset` is the number of the first."""

    offset: int
    content: Sequence[str]


NONE = Lines(0, ())


@dataclass(frozen=True)
class Sent:
    """`summary` is JSON; `exit_code` comes with the end. `is_shared`: several processes write to the run and each counts its own lines."""

    history: Lines = NONE
    events: Lines = NONE
    output: Lines = NONE
    summary: str | None = None
    exit_code: int | None = None
    is_shared: bool = False


@dataclass
class Answer:
    stopped: bool
    points: int = 0
    set_aside: int = 0


@dataclass
class _Rows:
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    last: str = ""
    refused: int = 0
    reason: str | None = None


def take(session: Session, run: Run, sent: Sent) -> Answer:
    """Raises NotAClientRun."""
    if run.origin != "client":
        raise NotAClientRun(f"Run {run.id} is trained by a worker, which alone writes to it.")
    had = wandb_runs.begin(session, run)
    if run.state != "running" and sent.exit_code is None:
        wandb_runs.is_running(session, run)
    moment = session.scalar(select(now())) or 0.0
    run.heartbeat_at = moment
    taken = _take_history(session, run, had, sent, moment)
    _take_events(session, run, had, sent, moment)
    _take_output(session, run, sent.output)
    if sent.summary is not None:
        had.summary = sent.summary
    if sent.exit_code is not None:
        had.exit_code = sent.exit_code
        wandb_runs.ended(session, run, sent.exit_code)
    wandb_runs.note(session, run)
    wandb_history.note_refused(session.connection(), run.id, taken.set_aside)
    return Answer(run.cancel_requested_at is not None and run.state == "running", taken.points, taken.set_aside)


def _take_history(session: Session, run: Run, had: WandbRun, sent: Sent, moment: float) -> Taken:
    fresh = _fresh(sent.history, 0 if sent.is_shared else had.history_lines)
    found = _parsed(fresh)
    taken = wandb_history.append(session, run.id, found.rows, moment)
    taken.set_aside += found.refused
    taken.reason = found.reason or taken.reason
    if fresh:
        had.history_lines = max(had.history_lines, sent.history.offset + len(sent.history.content))
        had.history_tail = found.last or had.history_tail
    if taken.floats - set(had.floats):
        had.floats = sorted({*had.floats, *taken.floats})[:MOST_FLOATS]
    if taken.kinds.items() - had.kinds.items():
        had.kinds = {**had.kinds, **taken.kinds}
    if taken.set_aside:
        had.set_aside += taken.set_aside
        had.set_aside_reason = had.set_aside_reason or (taken.reason or "")[:LONGEST_REASON]
    return taken


def _take_events(session: Session, run: Run, had: WandbRun, sent: Sent, moment: float) -> None:
    fresh = _fresh(sent.events, 0 if sent.is_shared else had.event_lines)
    if not fresh:
        return
    found = _parsed(fresh)
    first = sent.events.offset + len(sent.events.content) - len(fresh)
    wandb_history.append_system(session, run.id, had.event_lines if sent.is_shared else first, found.rows, moment)
    had.event_lines = max(had.event_lines, sent.events.offset + len(sent.events.content))
    had.event_tail = found.last or had.event_tail


def _take_output(session: Session, run: Run, output: Lines) -> None:
    """Structured lines are shown as their text; an error's line says so."""
    lines = {}
    for place, line in enumerate(output.content):
        lines[output.offset + place] = _text_of(line)
    logs.put(session, run.id, lines)


def _text_of(line: str) -> str:
    if line.startswith("{"):
        try:
            told = tolerant_loads(line)
        except (ValueError, RecursionError):
            return line
        if isinstance(told, dict) and isinstance(told.get("content"), str):
            return f"ERROR {told['content']}" if told.get("level") == "error" else str(told["content"])
    return line


def _fresh(lines: Lines, taken: int) -> Sequence[str]:
    return lines.content[max(0, taken - lines.offset) :]


def _parsed(lines: Sequence[str]) -> _Rows:
    """The rows that are JSON objects; the others are counted."""
    found = _Rows()
    for line in lines:
        try:
            row = tolerant_loads(line)
        except (ValueError, RecursionError) as error:
            found.refused += 1
            found.reason = found.reason or f"a row takes a JSON object: {str(error)[:200]}"
            continue
        if isinstance(row, dict):
            found.rows.append(row)
            found.last = line
        else:
            found.refused += 1
            found.reason = found.reason or f"a row takes a JSON object; got {line[:40]}"
    return found
