"""Badges: how a run, a study or a project came out when it was run again, as a small picture."""

import hashlib
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Service, Viewer
from api.problems import Problem
from api.report.badge import GREEN, badge
from api.routes.shares import GONE, SECRET, Text
from api.services import badges as service
from api.services import shares
from api.strict_route import StrictRoute

router = APIRouter(tags=["links"], route_class=StrictRoute)
shared = APIRouter(tags=["links"], route_class=StrictRoute)

SVG = "image/svg+xml"
FRESH_S = 60
EXAMPLE = badge(service.NAME, "reproduced 3 of 3", GREEN)
DRAWN: dict[str, Any] = {
    "response_model": None,
    "response_class": Response,
    "responses": {200: {"description": "The badge", "content": {SVG: {"schema": {"type": "string"}, "example": EXAMPLE}}}},
}


@router.get("/runs/{run_id}/badge.svg", summary="Show as a badge whether a run reproduced", **DRAWN)
def of_run(request: Request, parts: Service, caller: Viewer, run_id: str) -> Response:
    return _answer(request, service.of_run(parts, caller, run_id), "private")


@router.get("/studies/{study_id}/badge.svg", summary="Show as a badge whether a study's runs reproduced", **DRAWN)
def of_study(request: Request, parts: Service, caller: Viewer, study_id: str) -> Response:
    return _answer(request, service.of_study(parts, caller, study_id), "private")


@router.get("/projects/{entity}/{name}/badge.svg", summary="Show as a badge whether a project's runs reproduced", **DRAWN)
def of_project(request: Request, parts: Service, caller: Viewer, entity: str, name: str) -> Response:
    return _answer(request, service.of_project(parts, caller, entity, name), "private")


@shared.head("/share/{text}/badge.svg", include_in_schema=False)
@shared.get("/share/{text}/badge.svg", summary="Show the badge of what a link shares", **DRAWN)
def of_link(request: Request, parts: Service, text: Text) -> Response:
    link = shares.find(parts, text)
    if link is None:
        raise Problem(404, GONE, headers=SECRET)
    return _answer(request, service.of_link(parts, link), "public", **{"Cross-Origin-Resource-Policy": "cross-origin", "X-Robots-Tag": "noindex"})


def _answer(request: Request, svg: str, to: str, **more: str) -> Response:
    body = svg.encode()
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": f"{to}, max-age={FRESH_S}", **more}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=SVG)
