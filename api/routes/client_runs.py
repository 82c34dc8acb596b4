"""What a process that trains elsewhere writes to its run."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service
from api.problems import InvalidValue
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.others import ArtifactShown
from api.schemas.runs import ClientEnd, ClientEvidence, LogText, LogWritten, RunShown
from api.services import edit
from api.strict_route import StrictRoute

router = APIRouter(prefix="/runs/{run_id}", tags=["client runs"], route_class=StrictRoute)

IN_MEMORY = 1 << 20
FILE_NAME = r"^[^\x00-\x1f\x7f/\\]+(/[^\x00-\x1f\x7f/\\]+)*$"
BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
RAW_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}}


@router.post("/finish", summary="End a client run", openapi_extra=takes({"state": "finished"}), **answers(RunShown, examples.CLIENT_RUN))
def finish(parts: Service, caller: Member, run_id: str, end: ClientEnd) -> Response:
    return document(edit.finish(parts, caller, run_id, end))


@router.post("/heartbeat", summary="Say that a client run is alive", **answers(RunShown, examples.CLIENT_RUN))
def heartbeat(parts: Service, caller: Member, run_id: str) -> Response:
    return document(edit.heartbeat(parts, caller, run_id))


@router.put(
    "/evidence",
    summary="Say what a client run was trained with and what it came to",
    openapi_extra=takes(examples.NEW_EVIDENCE),
    **answers(RunShown, examples.CLIENT_RUN),
)
def evidence(parts: Service, caller: Member, run_id: str, told: ClientEvidence) -> Response:
    return document(edit.evidence(parts, caller, run_id, told))


@router.post("/log", summary="Add console output", openapi_extra=takes({"lines": ["epoch 1"]}), **answers(LogWritten, {"first": 0, "count": 1}))
def log(parts: Service, caller: Member, run_id: str, text: LogText, once: Idempotency) -> Response:
    return edit.log(parts, caller, run_id, text.lines, once).response()


@router.put(
    "/artifacts/{name:path}", summary="Keep a file", tags=["artifacts"], openapi_extra=RAW_BODY, **answers(ArtifactShown, examples.ARTIFACT, 201)
)
async def put_artifact(
    request: Request, parts: Service, caller: Member, run_id: str, name: Annotated[str, Path(min_length=1, max_length=512, pattern=FILE_NAME)]
) -> Response:
    if any(part in (".", "..") for part in name.split("/")):
        raise InvalidValue("/name", "takes the name of a file, not a way to one")
    await to_thread.run_sync(edit.must_take_artifacts, parts, caller, run_id)
    with SpooledTemporaryFile(IN_MEMORY) as body:
        async for piece in request.stream():
            await to_thread.run_sync(body.write, piece)
        body.seek(0)
        pieces: Iterator[bytes] = iter(lambda: body.read(IN_MEMORY), b"")
        return document(await to_thread.run_sync(edit.put_artifact, parts, caller, run_id, name, pieces), 201)
