"""Nodes whose bits are not the others', as callers may see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.answers import rfc3339
from api.auth import Caller
from api.schemas.others import NodeFlag
from store import canaries, projects
from store.canaries import Flock, Standing

MAVERICK = "This node's bits are not the others'."
LEFT_BEHIND = "This node still gives the original's bits, the others no longer do."


def by_node(session: Session, caller: Caller, flocks: Sequence[Flock]) -> dict[str, list[NodeFlag]]:
    """The flags of every node that has any, of all canaries; of those that the caller may not see it is told that there is a flag, and since when."""
    flagged = [(flock, standing) for flock in flocks for standing in flock.standings if standing.agrees is False]
    if not flagged:
        return {}
    paths = projects.by_ids(session, [flock.project_id for flock, _ in flagged])
    documents = canaries.documents(session, [standing.last.rerun_id for _, standing in flagged])
    found: dict[str, list[NodeFlag]] = {}
    for flock, standing in flagged:
        project = paths.get(flock.project_id)
        seen = project is not None and caller.may_see(project.entity)
        flag = _flag(flock, standing, project.path if seen and project else None, documents.get(standing.last.rerun_id, {}))
        found.setdefault(standing.node, []).append(flag)
    return found


def _flag(flock: Flock, standing: Standing, project: str | None, document: Mapping[str, Any]) -> NodeFlag:
    seen = project is not None
    causes = document.get("causes") or []
    return {
        "since": rfc3339(standing.since or standing.last.ended_at),
        "reason": LEFT_BEHIND if standing.last.outcome == "identical" else MAVERICK,
        "project": project,
        "canary": flock.original_id if seen else None,
        "run": standing.last.rerun_id if seen else None,
        "first_difference": document.get("first_difference") if seen else None,
        "cause": causes[0] if seen and causes else None,
    }
