"""Many runs at once: deleted, archived, brought back."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Member, Service
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.deleting import Archived, DeletedRuns, RunsToArchive, RunsToDelete
from api.services import deleting
from api.strict_route import StrictRoute

router = APIRouter(prefix="/runs", tags=["runs"], route_class=StrictRoute)

FILTER = "state = 'failed' and created_at < '2026-10-01T00:00:00Z'"
DELETED = {**examples.DELETED, "left": {"queued": 0, "running": 1}}
ARCHIVED = {"runs": 12, "archived": True, "preview": False}


@router.post(
    "/delete",
    summary="Delete the runs that a filter lets through, or preview what that would take",
    openapi_extra=takes({"project": "acme/digits", "filter": FILTER, "preview": True}),
    **answers(DeletedRuns, DELETED),
)
def delete(parts: Service, caller: Member, asked: RunsToDelete) -> Response:
    return document(deleting.many(parts, caller, asked))


@router.post(
    "/archive",
    summary="Archive the runs that a filter lets through, or bring them back",
    openapi_extra=takes({"project": "acme/digits", "filter": FILTER, "archived": True}),
    **answers(Archived, ARCHIVED),
)
def archive(parts: Service, caller: Member, asked: RunsToArchive) -> Response:
    return document(deleting.archived(parts, caller, asked))
