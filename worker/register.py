"""Telling the service that this worker is there, what it serves, and that it still answers."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from store import nodes
from store.database import Database

log = structlog.get_logger(__name__)

EVERY_S = 5.0


@dataclass(frozen=True)
class Registration:
    node: str
    queues: Sequence[str]
    slots: int
    devices: Sequence[Mapping[str, Any]]
    versions: Mapping[str, Any]

    def begin(self, db: Database) -> None:
        with db.begin() as session:
            nodes.restarted(session, self.node)
            nodes.report(session, self.node, self.queues, self.slots, self.devices, self.versions)

    def repeat(self, db: Database, stopping: threading.Event) -> None:
        """Until the worker stops."""
        while not stopping.wait(EVERY_S):
            try:
                with db.begin() as session:
                    nodes.report(session, self.node, self.queues, self.slots, self.devices, self.versions)
            except Exception as error:  # whatever it was, the next report may come through
                log.warning("the node could not be reported", error=str(error))
