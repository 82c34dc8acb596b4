"""A run's files, handed out as downloads that no browser opens by itself."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.answers import document
from api.auth import Caller
from api.deps import Service, Viewer
from api.downloads import attachment, content_type
from api.parts import Parts
from api.problems import Problem
from api.routes import examples
from api.routes.describe import answers
from api.schemas.others import ArtifactList, ArtifactShown
from api.services.artifacts import artifact_shown, versions_of, versions_shown
from api.strict_route import StrictRoute
from store import artifacts, runs
from store.tables import Artifact

router = APIRouter(tags=["artifacts"], route_class=StrictRoute)

BINARY = {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
# Without allow-same-origin the page is of no origin: no cookie, no storage, no way to our interface; and it can load nothing but what it brings.
FRAMED = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "media-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"application/octet-stream": BINARY}},
    206: {"description": "The range asked for", "content": {"application/octet-stream": BINARY}},
}


@router.get("/runs/{run_id}/artifacts", summary="List a run's files and versions", **answers(ArtifactList, examples.ARTIFACTS))
def listing(parts: Service, caller: Viewer, run_id: str) -> Response:
    with parts.db.read() as session:
        run = runs.get(session, run_id, caller.entity)
        files = [artifact_shown(artifact) for artifact in artifacts.of_run(session, run.id)]
        of_versions = {name: versions_shown(session, caller, versions_of(session, caller, run, used=name == "used")) for name in ("logged", "used")}
    return document({"items": files, **of_versions, "next_cursor": None})


@router.get("/artifacts/{artifact_id}", summary="Show a file's size and digest", **answers(ArtifactShown, examples.ARTIFACT))
def show(parts: Service, caller: Viewer, artifact_id: str) -> Response:
    with parts.db.read() as session:
        return document(artifact_shown(artifacts.get(session, artifact_id, caller.entity)))


@router.api_route(
    "/artifacts/{artifact_id}/content", methods=["GET"], summary="Download a file", response_model=None, response_class=Response, responses=BYTES
)
def content(request: Request, parts: Service, caller: Viewer, artifact_id: str) -> Response:
    artifact, path = _file(parts, caller, artifact_id)
    headers = {"Content-Disposition": attachment(artifact.name), "Content-Security-Policy": "sandbox; default-src 'none'"}
    return _answer(request, artifact, path, headers, content_type(artifact.name))


@router.get(
    "/artifacts/{artifact_id}/html",
    summary="Show an HTML file in a frame that can do nothing to its surroundings",
    response_model=None,
    response_class=Response,
    responses={200: {"description": "The page, sandboxed", "content": {"text/html": {"schema": {"type": "string"}, "example": "<p>Hello</p>"}}}},
)
def html(request: Request, parts: Service, caller: Viewer, artifact_id: str) -> Response:
    """A page that a program logged, for a sandboxed frame of ours: its scripts run without our origin, and nothing is fetched from anywhere."""
    artifact, path = _file(parts, caller, artifact_id)
    if not artifact.name.lower().endswith((".html", ".htm")):
        raise Problem(415, f"Files that end in .html are shown as pages; {artifact.name[:200]} does not. Take its bytes from its content.")
    if request.headers.get("sec-fetch-dest", "iframe") != "iframe":
        raise Problem(403, "This page was logged by a program and is shown in a frame of a run's page only.")
    return _answer(request, artifact, path, {"Content-Security-Policy": FRAMED}, "text/html; charset=utf-8")


def _file(parts: Parts, caller: Caller, artifact_id: str) -> tuple[Artifact, Path]:
    """Raises ArtifactNotFound, Problem 404."""
    with parts.db.read() as session:
        artifact = artifacts.get(session, artifact_id, caller.entity)
    path = parts.files.path(artifact.sha256)
    if not path.is_file():
        raise Problem(404, f"The bytes of artifact {artifact.id} are gone.")
    return artifact, path


def _answer(request: Request, artifact: Artifact, path: Path, said: dict[str, str], media_type: str) -> Response:
    headers = {"ETag": f'"{artifact.sha256}"', "Cache-Control": "private, no-cache", **said}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type)
