"""Who is asking, and who else is here."""

from api import paging
from api.answers import rfc3339, rfc3339_or_null
from api.auth import Caller
from api.parts import Parts
from api.problems import Unauthorized
from api.schemas.base import Page
from api.schemas.people import Me, UserShown
from api.services import shares as links
from store import keys, shares
from store.tables import Key


def me(parts: Parts, caller: Caller) -> Me:
    """Raises Unauthorized for a link that has just ended."""
    shown: Me = {
        "name": "",
        "role": caller.role,  # type: ignore[typeddict-item]
        "entity": caller.entity,
        "default_entity": caller.entity or parts.settings.default_entity,
        "by": caller.kind,
        "session": caller.kind == "session",
        "key": None,
        "expires_at": None,
        "shared": None,
    }
    with parts.db.read() as session:
        if caller.kind != "link":
            key = keys.get(session, caller.key_id)
            return {**shown, "name": key.name, "key": key.id, "expires_at": rfc3339_or_null(key.expires_at)}
        link = shares.find(session, caller.secret)
        if link is None:
            raise Unauthorized("This link is not good any more.")
        shared = {"run": link.share.run_id, "study": link.share.study_id, "address": links.address(link)}
        return {**shown, "name": f"a link of {link.owner}", "expires_at": rfc3339_or_null(link.share.expires_at), "shared": shared}  # type: ignore[typeddict-item]


def listing(parts: Parts, caller: Caller, limit: int, cursor: str | None) -> Page[UserShown]:
    """Keys that were not revoked and that the caller may know of, oldest first. Raises Problem 400 for a bad cursor."""
    after = paging.decode(cursor, "users", float, str)
    with parts.db.read() as session:
        found, last = paging.split(keys.page(session, entity=caller.entity, after=after, limit=limit + 1), limit)
        return {"items": [_shown(key) for key in found], "next_cursor": paging.encode("users", last.created_at, last.id) if last else None}


def _shown(key: Key) -> UserShown:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,  # type: ignore[typeddict-item]
        "entity": key.entity,
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339_or_null(key.expires_at),
    }
