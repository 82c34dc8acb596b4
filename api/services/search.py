"""Going to anything by some letters of its name."""

from api import addresses
from api.auth import Caller
from api.parts import Parts
from api.problems import InvalidValue
from api.schemas.base import Items
from api.schemas.search import FoundShown
from store.search import palette
from store.search.palette import Found


def find(parts: Parts, caller: Caller, text: str, limit: int) -> Items[FoundShown]:
    """Raises InvalidValue for a text of spaces."""
    if not text.strip():
        raise InvalidValue("/q", f"takes some letters of a name, an id or a tag; got {text!r}")
    with parts.db.read() as session:
        found = palette.find(session, caller.entity, text.strip(), limit)
    return {"items": [_shown(each) for each in found], "next_cursor": None}


def _shown(found: Found) -> FoundShown:
    project = f"{found.entity}/{found.project}"
    address = {
        "project": addresses.of_project(project),
        "study": addresses.of_study(project, found.id),
        "run": addresses.of_run(project, found.id),
    }
    return {"kind": found.kind, "id": found.id, "project": project, "name": found.name, "address": address[found.kind]}
