"""Who is asking, and who else is here."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.paging import Cursor, Limit
from api.routes import examples
from api.routes.describe import answers
from api.schemas.base import Page
from api.schemas.people import Me, UserShown
from api.services import people as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["people"], route_class=StrictRoute)

USER = {"id": "k1e2y3i4d5x6", "name": "ann", "role": "member", "entity": None, "created_at": "2026-11-23T20:30:01.123456Z", "expires_at": None}
ME = {
    "name": "ann",
    "role": "member",
    "entity": None,
    "default_entity": "team",
    "by": "session",
    "session": True,
    "key": "k1e2y3i4d5x6",
    "expires_at": None,
    "shared": None,
}


@router.get("/me", summary="Show who is asking", **answers(Me, ME))
def me(parts: Service, caller: Viewer) -> Response:
    return document(service.me(parts, caller))


@router.get("/users", summary="List who has a key, with their roles", **answers(Page[UserShown], examples.page(USER)))
def listing(parts: Service, caller: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Response:
    return document(service.listing(parts, caller, limit, cursor))
