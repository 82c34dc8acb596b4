"""Projects: `entity/name`."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.answers import document
from api.deps import Admin, Idempotency, Member, Service, Viewer
from api.paging import Cursor, Limit, Total
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.deleting import DeletedRuns
from api.schemas.others import NewProject, OneChange, OneChangeShown, ProjectPage, ProjectShown
from api.services import deleting
from api.services import projects as service
from api.strict_route import StrictRoute
from store import projects

DELETED = {**examples.DELETED, "rows": {"projects": 1, **examples.DELETED["rows"]}, "left": {"queued": 0, "running": 0}}
ONE_CHANGE: examples.Example = {"many_changes": "flag"}
DELETING = answers(DeletedRuns, DELETED)
DELETING["responses"] |= {204: {"description": "It had no runs and is gone."}}

router = APIRouter(prefix="/projects", tags=["projects"], route_class=StrictRoute)


@router.get("", summary="List projects", **answers(ProjectPage, examples.page(examples.PROJECT)))
def listing(parts: Service, caller: Viewer, limit: Limit = 100, cursor: Cursor = None, total: Total = False) -> Response:
    after = paging.decode(cursor, "projects", str, str)
    with parts.db.read() as session:
        found, last = paging.split(projects.page(session, entity=caller.entity, after=after, limit=limit + 1), limit)
        items = [service.shown(project) for project in found]
        page = {"items": items, "next_cursor": paging.encode("projects", last.entity, last.name) if last else None}
        return document({**page, "total": projects.count(session, entity=caller.entity)} if total else page)


@router.post("", summary="Create a project", openapi_extra=takes({"project": "acme/digits"}), **answers(ProjectShown, examples.PROJECT, 201))
def create(parts: Service, caller: Member, new: NewProject, once: Idempotency) -> Response:
    return service.create(parts, caller, new.project, once).response()


@router.get("/{entity}/{name}", summary="Show a project", **answers(ProjectShown, examples.PROJECT))
def show(parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return document(service.show(parts, caller, entity, name))


@router.get("/{entity}/{name}/changes", summary="Show what becomes of more than one change at once", **answers(OneChangeShown, ONE_CHANGE))
def one_change(parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return document(service.one_change(parts, caller, entity, name))


@router.put(
    "/{entity}/{name}/changes",
    summary="Have more than one change at once refused, or flagged",
    openapi_extra=takes(ONE_CHANGE),
    **answers(OneChangeShown, ONE_CHANGE),
)
def put_one_change(parts: Service, caller: Member, entity: str, name: str, body: OneChange) -> Response:
    return document(service.put_one_change(parts, caller, entity, name, body))


@router.delete("/{entity}/{name}", summary="Delete a project, or preview what that would take", **DELETING)
def delete(
    parts: Service,
    caller: Admin,
    entity: str,
    name: str,
    runs: Annotated[bool, Query(description="with all its runs; without, a project that has runs stays")] = False,
    preview: bool = False,
) -> Response:
    deleted = deleting.project(parts, caller, entity, name, preview, runs)
    return document(deleted) if preview or runs else Response(status_code=204)
