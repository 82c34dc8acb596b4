"""Where the SDK puts and gets the files that it was given addresses for."""

import base64
from collections.abc import Callable
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api import hosts
from api.deps import Service, Viewer
from api.downloads import attachment
from api.parts import Parts
from api.services import names
from api.wandb import links, manifests
from store import artifacts, runs, version_bytes, wandb_runs
from store.artifacts import PIECE, Blob, Draft
from store.errors import ArtifactNotFound, NotAClientRun

router = APIRouter(include_in_schema=False)

Until = Annotated[str, Query(max_length=20)]
Sign = Annotated[str, Query(max_length=100)]


@router.put("/storage/runs/{run_id}/{name:path}")
async def put(request: Request, parts: Service, run_id: str, name: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "put", f"runs/{run_id}/{name}", until, sign)
    return await _received(request, parts, lambda blob: _keep(parts, run_id, name, blob))


@router.get("/storage/files/{artifact_id}")
def get(parts: Service, artifact_id: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "get", f"files/{artifact_id}", until, sign)
    with parts.db.read() as session:
        found = artifacts.get(session, artifact_id, None)
    headers = {"Content-Disposition": attachment(found.name), "ETag": f'"{found.sha256}"'}
    return FileResponse(parts.files.path(found.sha256), media_type="application/octet-stream", headers=headers)


@router.put("/storage/versions/{version_id}/{name:path}")
async def put_of_version(request: Request, parts: Service, version_id: str, name: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "put", f"versions/{version_id}/{name}", until, sign)
    return await _received(request, parts, lambda blob: manifests.keep(parts, version_id, name, blob))


@router.get("/storage/versions/{version_id}/{name:path}")
def get_of_version(parts: Service, version_id: str, name: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "get", f"versions/{version_id}/{name}", until, sign)
    sha256 = manifests.digest(parts, version_id, name)
    headers = {"Content-Disposition": attachment(name), "ETag": f'"{sha256}"'}
    return FileResponse(parts.files.path(sha256), media_type="application/octet-stream", headers=headers)


@router.options("/storage/{path:path}")
def preflight(request: Request, parts: Service, path: str) -> Response:
    """What a page may do with signed addresses. Our own may put and get; another site's is told nothing, so that its browser goes no further."""
    own, origin = hosts.base_url(request, parts.settings), request.headers.get("origin", "").rstrip("/")
    allowed = {"Access-Control-Allow-Origin": own, "Access-Control-Allow-Methods": "GET, PUT"} if origin.lower() == own.lower() else {}
    return Response(status_code=204, headers={"Vary": "Origin", **allowed})


@router.get("/artifactsV2/{region}/{entity}/{project}/{collection}/{rest:path}")
def get_by_digest(parts: Service, caller: Viewer, region: str, entity: str, project: str, collection: str, rest: str) -> Response:
    """A file of a project's artifacts by the MD5 of its bytes, in hex: where the SDK looks when it was given no address. Raises ArtifactNotFound."""
    *_, md5, name = ["", *rest.split("/")][-3:]
    with parts.db.read() as session:
        found = version_bytes.known(session, names.get(session, caller, entity, project).id, _base64_of(md5))
    if found is None or found.sha256 is None:
        raise ArtifactNotFound(name)
    headers = {"Content-Disposition": attachment(name), "ETag": f'"{found.sha256}"'}
    return FileResponse(parts.files.path(found.sha256), media_type="application/octet-stream", headers=headers)


def _base64_of(digest: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(digest)).decode()
    except ValueError:
        return ""


async def _received(request: Request, parts: Parts, keep: Callable[[Blob], None]) -> Response:
    """The body on disk, in the same file all along, and then in the database. What cannot be kept there, the keeper removes."""
    with parts.files.draft(with_md5=True) as draft:
        held = bytearray()
        async for piece in request.stream():
            held += piece
            if len(held) >= PIECE:
                await to_thread.run_sync(draft.write, bytes(held))
                held.clear()
        await to_thread.run_sync(_finish, parts, draft, bytes(held), keep)
    return Response(status_code=200)


def _finish(parts: Parts, draft: Draft, rest: bytes, keep: Callable[[Blob], None]) -> None:
    draft.write(rest)
    blob = draft.finish()
    try:
        keep(blob)
    except Exception:
        with parts.db.begin() as session:
            artifacts.loosen(session, [blob.sha256])
        raise


def _keep(parts: Parts, run_id: str, name: str, blob: Blob) -> None:
    """Raises RunNotFound, NotAClientRun."""
    with parts.db.begin() as session:
        run = runs.get(session, run_id)
        if run.origin != "client":
            raise NotAClientRun(f"Run {run_id} is trained by a worker, which alone writes to it.")
        wandb_runs.begin(session, run)
        artifacts.add(session, run.id, run.attempt, name, blob)
        wandb_runs.note(session, run)
