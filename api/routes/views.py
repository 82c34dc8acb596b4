"""Saved views of a project: the caller's own, and those that others share."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, Viewer
from api.paging import Cursor, Limit
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.base import Page
from api.schemas.views import NewView, ViewPatch, ViewShown
from api.services import views as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["views"], route_class=StrictRoute)

OF_PROJECT = "/projects/{entity}/{name}/views"
NEW_VIEW = {"name": "norms, best first", "query": "filter=state%20%3D%20'finished'&sort=metrics.%22val%2Floss%22.min", "shared": True}
VIEW = {
    "id": "v7w8x9y0z1a2",
    **NEW_VIEW,
    "mine": True,
    "owner": "ann",
    "created_at": "2026-11-23T20:30:01.123456Z",
    "updated_at": "2026-11-23T20:30:01.123456Z",
}


@router.get(OF_PROJECT, summary="List saved views, by name", **answers(Page[ViewShown], examples.page(VIEW)))
def listing(parts: Service, caller: Viewer, entity: str, name: str, limit: Limit = 100, cursor: Cursor = None) -> Response:
    return document(service.listing(parts, caller, entity, name, limit, cursor))


@router.post(OF_PROJECT, summary="Save a view", openapi_extra=takes(NEW_VIEW), **answers(ViewShown, VIEW, 201))
def add(parts: Service, caller: Member, entity: str, name: str, new: NewView, once: Idempotency) -> Response:
    return service.add(parts, caller, entity, name, new, once).response()


@router.patch("/views/{view_id}", summary="Change a view", openapi_extra=takes({"shared": True}), **answers(ViewShown, VIEW))
def edit(parts: Service, caller: Member, view_id: str, change: ViewPatch) -> Response:
    return document(service.edit(parts, caller, view_id, change))


@router.delete("/views/{view_id}", summary="Delete a view", status_code=204, response_class=Response, response_model=None)
def remove(parts: Service, caller: Member, view_id: str) -> Response:
    service.remove(parts, caller, view_id)
    return Response(status_code=204)
