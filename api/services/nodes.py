"""Nodes and the queue."""

from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.answers import rfc3339
from api.auth import Caller
from api.parts import Parts
from api.schemas.others import NodeShown, QueueShown
from api.services import flags, show
from store import canaries, lifecycle, nodes, runs
from store.tables import Run

MOST_SHOWN = 1000


def every(parts: Parts, caller: Caller) -> list[NodeShown]:
    """By name; `running` holds the runs that the caller may see."""
    with parts.db.read() as session:
        alive = {node.name for node in nodes.alive(session)}
        active = [run for run in runs.queued(session, caller.entity, MOST_SHOWN) if run.state == "running"]
        found = nodes.every(session)
        flagged = flags.by_node(session, caller, canaries.flocks(session))
    return [
        {
            "name": node.name,
            "alive": node.name in alive,
            "queues": node.queues,
            "slots": node.slots,
            "running": [run.id for run in active if run.node == node.name],
            "devices": node.devices,
            "versions": node.versions,
            "started_at": rfc3339(node.started_at),
            "heartbeat_at": rfc3339(node.heartbeat_at),
            "flagged": node.name in flagged,
            "flags": flagged.get(node.name, []),
        }
        for node in found
    ]


def queue(parts: Parts, caller: Caller) -> QueueShown:
    """The first thousand; `queued` and `running` count all that the caller may see."""
    with parts.db.read() as session:
        found = runs.queued(session, caller.entity, MOST_SHOWN)
        places = {item["id"]: item for item in show.listing(session, found)}
        counts = _counts(session, caller)
    items = [
        {
            "run": run.id,
            "project": run.project.path,
            "name": run.name,
            "state": run.state,
            "queue": lifecycle.doorbell(run),
            "position": places[run.id]["queue_position"],
            "waiting_for": places[run.id]["waiting_for"],
            "node": run.node or run.wanted_node,
            "priority": run.priority,
            "created_at": rfc3339(run.created_at),
        }
        for run in found
    ]
    return cast(QueueShown, {"items": items, "next_cursor": None, **counts})


def _counts(session: Session, caller: Caller) -> dict[str, int]:
    query = select(Run.state, func.count()).where(Run.state.in_(("queued", "running")), Run.origin == "managed").group_by(Run.state)
    if caller.entity is not None:
        query = query.where(Run.project.has(entity=caller.entity))
    counts = {state: count for state, count in session.execute(query)}  # noqa: C416
    return {"queued": counts.get("queued", 0), "running": counts.get("running", 0)}
