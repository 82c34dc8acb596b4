"""Nodes: the workers that have registered, and whether they still answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.database import now
from store.errors import NodeNotFound
from store.tables import Node

ALIVE_S = 30.0


def report(session: Session, name: str, queues: Sequence[str], slots: int, devices: Sequence[Any], versions: Mapping[str, Any]) -> None:
    """Register the node, or note that it still answers."""
    moment = session.scalar(select(now())) or 0.0
    node = session.get(Node, name) or Node(name=name, started_at=moment)
    node.queues, node.slots, node.devices, node.versions, node.heartbeat_at = list(queues), slots, list(devices), dict(versions), moment
    session.add(node)
    session.flush()


def restarted(session: Session, name: str) -> None:
    """Forget when an earlier process of that name began."""
    session.execute(delete(Node).where(Node.name == name))


def every(session: Session) -> list[Node]:
    """All that ever registered, by name."""
    return list(session.scalars(select(Node).order_by(Node.name)))


def alive(session: Session, within_s: float = ALIVE_S) -> list[Node]:
    """Those that answered in the last seconds."""
    return list(session.scalars(select(Node).where(Node.heartbeat_at > now() - within_s).order_by(Node.name)))


def any_has(session: Session, extensions: Sequence[str]) -> bool:
    """Whether a living node has said that all of these are installed there (see trainer.extensions.versions)."""
    return any(set(extensions) <= set(node.versions.get("extensions") or ()) for node in alive(session))


def get(session: Session, name: str) -> Node:
    """Raises NodeNotFound."""
    node = session.get(Node, name)
    if node is None:
        raise NodeNotFound(name)
    return node
