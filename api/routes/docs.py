"""The OpenAPI document, and a page to read and try it with that asks no other host for anything."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.answers import document
from api.deps import Viewer
from api.page import static
from api.strict_route import StrictRoute

router = APIRouter(include_in_schema=False, route_class=StrictRoute)

# Swagger UI sets style attributes from its script; its icons are data: URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
SWAGGER = {"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"}


@router.get("/openapi.json")
def openapi(request: Request, caller: Viewer) -> Response:
    return document(request.app.openapi())


@router.get("/docs")
async def page(caller: Viewer) -> Response:
    response = static("docs.html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@router.get("/docs/docs.js")
async def script(caller: Viewer) -> Response:
    return static("docs.js")


@router.get("/docs/swagger-ui-bundle.js")
def bundle(caller: Viewer) -> Response:
    return _swagger("swagger-ui-bundle.js")


@router.get("/docs/swagger-ui.css")
def style(caller: Viewer) -> Response:
    return _swagger("swagger-ui.css")


def _swagger(name: str) -> Response:
    return Response(_folder().joinpath(name).read_bytes(), headers={"Cache-Control": "private, max-age=86400"}, media_type=SWAGGER[name])


@cache
def _folder() -> Path:
    """Where the fastapi-offline wheel keeps Swagger UI's files; its code is not loaded."""
    found = find_spec("fastapi_offline")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static"
