"""Read-only links to a run or a study, and what happens when one is opened."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api import hosts
from api.answers import document
from api.auth import LINKS_COOKIE, MOST_LINKS, SESSION_S, links_of
from api.deps import Idempotency, Member, Service, Viewer
from api.page import notice
from api.problems import Problem
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.base import Items
from api.schemas.shares import NewShare, ShareMade, ShareShown
from api.services import shares as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["links"], route_class=StrictRoute)
opening = APIRouter(tags=["links"], route_class=StrictRoute)

GONE = "This link is not good, or not any more: links can expire and be deleted. Ask whoever sent it for a new one."
SHARE = {
    "id": "s1h2a3r4e5s6",
    "run": "k3v9a2b4c6d8",
    "study": None,
    "project": None,
    "owner": "ann",
    "created_at": "2026-11-23T20:30:01.123456Z",
    "expires_at": "2026-12-23T20:30:01.123456Z",
}
MADE = {**SHARE, "url": "https://runs.example/share/rtl-..."}
SECRET: dict[str, str] = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
Text = Annotated[str, Path(max_length=100, description="the link's own part")]
OPENED: dict[int | str, dict[str, Any]] = {303: {"description": "Location is the page of what is shared; a cookie lets its data be read"}}
LISTED = answers(Items[ShareShown], examples.items(SHARE))
CREATED = {"openapi_extra": takes({"expires_in_days": 30}), **answers(ShareMade, MADE, 201)}


@router.post("/runs/{run_id}/shares", summary="Make a read-only link to a run", **CREATED)
def share_run(request: Request, parts: Service, caller: Member, run_id: str, once: Idempotency, new: NewShare | None = None) -> Response:
    return _made(request, parts, caller, ("run", run_id), new, once)


@router.get("/runs/{run_id}/shares", summary="List the links to a run", **LISTED)
def of_run(parts: Service, caller: Viewer, run_id: str) -> Response:
    return document(service.listing(parts, caller, ("run", run_id)))


@router.post("/studies/{study_id}/shares", summary="Make a read-only link to a study and its runs", **CREATED)
def share_study(request: Request, parts: Service, caller: Member, study_id: str, once: Idempotency, new: NewShare | None = None) -> Response:
    return _made(request, parts, caller, ("study", study_id), new, once)


@router.get("/studies/{study_id}/shares", summary="List the links to a study", **LISTED)
def of_study(parts: Service, caller: Viewer, study_id: str) -> Response:
    return document(service.listing(parts, caller, ("study", study_id)))


@router.post("/projects/{entity}/{name}/shares", summary="Make a link to a project's badge", **CREATED)
def share_project(
    request: Request, parts: Service, caller: Member, entity: str, name: str, once: Idempotency, new: NewShare | None = None
) -> Response:
    return _made(request, parts, caller, ("project", entity, name), new, once)


@router.get("/projects/{entity}/{name}/shares", summary="List the links to a project's badge", **LISTED)
def of_project(parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return document(service.listing(parts, caller, ("project", entity, name)))


@router.delete("/shares/{share_id}", summary="Delete a link: who holds it sees nothing any more", status_code=204, response_model=None)
def remove(parts: Service, caller: Member, share_id: str) -> Response:
    service.remove(parts, caller, share_id)
    return Response(status_code=204)


@opening.head("/share/{text}", include_in_schema=False)
@opening.get("/share/{text}", summary="Open a read-only link", status_code=303, response_model=None, response_class=Response, responses=OPENED)
def open_link(request: Request, parts: Service, text: Text) -> Response:
    """Nothing is written, whoever asks: the cookie holds the link's own text."""
    link = service.find(parts, text)
    if link is None:
        if "text/html" not in request.headers.get("accept", ""):
            raise Problem(404, GONE, headers=SECRET)
        response = notice("No such link", GONE, status=404)
        response.headers.update(SECRET)
        return response
    response = Response(status_code=303, headers={"Location": service.address(link), **SECRET})
    if link.share.project_id is None and request.method == "GET":
        opened = [text, *(other for other in links_of(request.headers) if other != text)][:MOST_LINKS]
        secure = parts.settings.url.startswith("https://")
        response.set_cookie(LINKS_COOKIE, ".".join(opened), max_age=int(SESSION_S), httponly=True, samesite="lax", secure=secure, path="/")
    return response


def _made(request: Request, parts: Service, caller: Member, where: service.Where, new: NewShare | None, once: Idempotency) -> Response:
    return service.add(parts, caller, where, new or NewShare(), once, hosts.base_url(request, parts.settings)).response()
