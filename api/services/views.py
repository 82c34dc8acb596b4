"""Saved views: kept, listed, changed, deleted."""

from api import paging
from api.answers import Answer, rfc3339
from api.auth import Caller
from api.idempotency import Once, answer_once
from api.parts import Parts
from api.problems import Forbidden
from api.schemas.base import Page
from api.schemas.views import NewView, ViewPatch, ViewShown
from api.services import names
from store import views
from store.views import Owned


def add(parts: Parts, caller: Caller, entity: str, name: str, new: NewView, once: Once | None) -> Answer:
    """201 with the view. Raises ProjectNotFound, Conflict when the caller has too many."""
    with parts.db.begin() as session:

        def make() -> Answer:
            project = names.get(session, caller, entity, name)
            owned = views.add(session, project, caller.key_id, new.name, new.query, new.shared)
            return Answer.of(201, shown(caller, owned), Location=f"/api/v1/views/{owned.view.id}")

        return answer_once(session, once, make)


def listing(parts: Parts, caller: Caller, entity: str, name: str, limit: int, cursor: str | None) -> Page[ViewShown]:
    """The caller's own views and those that others share, by name. Raises ProjectNotFound, Problem 400 for a bad cursor."""
    after = paging.decode(cursor, "views", str, str)
    with parts.db.read() as session:
        project = names.get(session, caller, entity, name)
        items, last = paging.split(views.of_project(session, project, caller.key_id, after, limit + 1), limit)
        cursor = paging.encode("views", last.view.name, last.view.id) if last else None
        return {"items": [shown(caller, owned) for owned in items], "next_cursor": cursor}


def edit(parts: Parts, caller: Caller, view_id: str, change: ViewPatch) -> ViewShown:
    """Raises ViewNotFound, Forbidden."""
    with parts.db.begin() as session:
        owned = views.get(session, view_id, caller.entity, caller.key_id, lock=True)
        _must_be_owner(caller, owned)
        for field in change.model_fields_set:
            setattr(owned.view, field, getattr(change, field))
        views.touch(session, owned.view)
        return shown(caller, owned)


def remove(parts: Parts, caller: Caller, view_id: str) -> None:
    """Raises ViewNotFound, Forbidden."""
    with parts.db.begin() as session:
        owned = views.get(session, view_id, caller.entity, caller.key_id, lock=True)
        _must_be_owner(caller, owned)
        session.delete(owned.view)


def shown(caller: Caller, owned: Owned) -> ViewShown:
    view = owned.view
    return {
        "id": view.id,
        "name": view.name,
        "query": view.query,
        "shared": view.shared,
        "mine": view.key_id == caller.key_id,
        "owner": owned.owner,
        "created_at": rfc3339(view.created_at),
        "updated_at": rfc3339(view.updated_at),
    }


def _must_be_owner(caller: Caller, owned: Owned) -> None:
    if owned.view.key_id != caller.key_id and caller.role != "admin":
        raise Forbidden(f"The view {owned.view.name!r} is {owned.owner!r}'s; only its owner or an admin changes it.")
