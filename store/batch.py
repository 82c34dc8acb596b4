"""Queued runs by the thousand, written as `runs.add_managed` writes one, by one statement a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from store import turns
from store.database import now, write
from store.ids import new_external_id, new_run_id
from store.tables import Project, Run
from store.templates import Filled, Template

AT_ONCE = 1000
INSERT_LEAF = "INSERT INTO run_params (run_id, project_id, path, number, head, text, mark_high, mark_low) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class NewRun:
    """A run to queue; `id` is its own from the start, so that others can name it as their baseline."""

    name: str
    template: Template
    seeds: Mapping[str, int]
    change: Sequence[Mapping[str, Any]] = ()
    baseline_id: str | None = None
    id: str = field(default_factory=new_run_id)

    @property
    def queue(self) -> str:
        """The doorbell to ring."""
        return self.template.config.device.split(":")[0]


def add(session: Session, project: Project, new: Sequence[NewRun], created_by: str | None) -> None:
    """Ring the doorbells of the first ones after the commit: a worker that has one goes on with the others by itself."""
    moment = session.scalar(select(now()))
    for first in range(0, len(new), AT_ONCE):
        some = new[first : first + AT_ONCE]
        filled = [each.template.filled(each.seeds) for each in some]
        session.execute(insert(Run), [_row(project, each, of, moment, created_by) for each, of in zip(some, filled, strict=True)])
        connection = session.connection()
        leaves = [(each.id, project.id, *leaf) for each, of in zip(some, filled, strict=True) for leaf in of.leaves]
        write(connection, INSERT_LEAF, leaves)
        turns.queued_first(connection, [each.id for each in some])


def _row(project: Project, new: NewRun, of: Filled, moment: float | None, created_by: str | None) -> dict[str, Any]:
    return {
        "id": new.id,
        "external_id": new_external_id(),
        "project_id": project.id,
        "name": new.name,
        "origin": "managed",
        "state": "queued",
        "config": of.document,
        "config_digest": of.digest,
        "leaves_high": of.fingerprint[0],
        "leaves_low": of.fingerprint[1],
        "seed": of.document["seed"],
        "queue": new.queue,
        "priority": 0,
        "created_at": moment,
        "rung_at": moment,
        "attempt": 0,
        "total_steps": new.template.config.total_iterations,
        "baseline_id": new.baseline_id,
        "change": [dict(item) for item in new.change],
        "tags": [],
        "notes": "",
        "archived": False,
        "digests": {},
        "environment": {},
        "created_by": created_by,
    }
