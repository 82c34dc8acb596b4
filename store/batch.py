"""Queued runs by the thousand, written as `runs.add_managed` writes one, by one statement a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import turns
from store.database import now, write
from store.ids import new_external_id, new_run_id
from store.tables import Project
from store.templates import Filled, Template

AT_ONCE = 1000
COLUMNS = (
    *("id", "external_id", "project_id", "name", "origin", "state", "config", "config_digest", "leaves_high", "leaves_low", "seed", "queue"),
    *("priority", "created_at", "rung_at", "attempt", "total_steps", "baseline_id", "change", "tags", "notes", "archived", "digests"),
    *("environment", "created_by"),
)
INSERT_RUN = f"INSERT INTO runs ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  both are made of COLUMNS
INSERT_LEAF = "INSERT INTO run_params (run_id, project_id, path, number, head, text, mark_high, mark_low) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class NewRun:
    """A run to queue; `id` is its own from the start, so that others can name it as their baseline."""

    name: str
    template: Template
    seeds: Mapping[str, int]
    change: list[dict[str, Any]] = field(default_factory=list)
    baseline_id: str | None = None
    id: str = field(default_factory=new_run_id)

    @property
    def queue(self) -> str:
        """The doorbell to ring."""
        return self.template.config.device.split(":")[0]


def add(session: Session, project: Project, new: Sequence[NewRun], created_by: str | None) -> None:
    """Ring the doorbells of the first ones after the commit: a worker that has one goes on with the others by itself."""
    moment = session.scalar(select(now()))
    session.flush()
    connection = session.connection()
    for first in range(0, len(new), AT_ONCE):
        some = new[first : first + AT_ONCE]
        filled = [each.template.filled(each.seeds) for each in some]
        write(connection, INSERT_RUN, [_row(project, each, of, moment, created_by) for each, of in zip(some, filled, strict=True)])
        leaves = [(each.id, project.id, *leaf) for each, of in zip(some, filled, strict=True) for leaf in of.leaves]
        write(connection, INSERT_LEAF, leaves)
        turns.queued_first(connection, [each.id for each in some])


def _row(project: Project, new: NewRun, of: Filled, moment: float | None, created_by: str | None) -> tuple[Any, ...]:
    """In the order of COLUMNS; JSON as text."""
    of_run = (new.id, new_external_id(), project.id, new.name, "managed", "queued")
    of_config = (orjson.dumps(of.document).decode(), of.digest, *of.fingerprint, of.document["seed"], new.queue)
    of_queue = (0, moment, moment, 0, new.template.config.total_iterations, new.baseline_id, orjson.dumps(new.change).decode())
    return *of_run, *of_config, *of_queue, "[]", "", False, "{}", "{}", created_by
