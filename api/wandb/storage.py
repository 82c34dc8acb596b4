"""Where the SDK puts and gets the files that it was given addresses for."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api.deps import Service
from api.downloads import attachment
from api.parts import Parts
from api.wandb import links
from store import artifacts, runs, wandb_runs
from store.errors import NotAClientRun

router = APIRouter(include_in_schema=False)

IN_MEMORY = 1 << 20
Until = Annotated[str, Query(max_length=20)]
Sign = Annotated[str, Query(max_length=100)]


@router.put("/storage/runs/{run_id}/{name:path}")
async def put(request: Request, parts: Service, run_id: str, name: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "put", f"runs/{run_id}/{name}", until, sign)
    with SpooledTemporaryFile(IN_MEMORY) as body:
        async for piece in request.stream():
            await to_thread.run_sync(body.write, piece)
        await to_thread.run_sync(_keep, parts, run_id, name, body)
    return Response(status_code=200)


@router.get("/storage/files/{artifact_id}")
def get(parts: Service, artifact_id: str, until: Until, sign: Sign) -> Response:
    links.must_be_good(parts, "get", f"files/{artifact_id}", until, sign)
    with parts.db.read() as session:
        found = artifacts.get(session, artifact_id, None)
    headers = {"Content-Disposition": attachment(found.name), "ETag": f'"{found.sha256}"'}
    return FileResponse(parts.files.path(found.sha256), media_type="application/octet-stream", headers=headers)


def _keep(parts: Parts, run_id: str, name: str, body: Any) -> None:
    """Raises RunNotFound, NotAClientRun."""
    body.seek(0)
    pieces: Iterator[bytes] = iter(lambda: body.read(IN_MEMORY), b"")
    blob = parts.files.put(pieces)
    with parts.db.begin() as session:
        run = runs.get(session, run_id)
        if run.origin != "client":
            raise NotAClientRun(f"Run {run_id} is trained by a worker, which alone writes to it.")
        wandb_runs.begin(session, run)
        artifacts.add(session, run.id, run.attempt, name, blob)
        wandb_runs.note(session, run)
