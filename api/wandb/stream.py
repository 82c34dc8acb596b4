"""The streams of a run that the wandb SDK sends, all in one address: history, system metrics, summary, console output, and the run's end.

The SDK gives a stream up for good at 400, 401, 403, 404, 409, 410, 413, 422 and 501. So nothing that is wrong with data is answered with those: what
cannot be taken is set aside and counted on the run. Trouble that passes is 503.
"""

import zlib
from typing import Any

import orjson
from anyio import to_thread
from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Member, Service
from api.problems import Problem
from api.wandb import stream_service
from api.wandb.asking import SHARED
from store import dialect

router = APIRouter(include_in_schema=False)

LARGEST_BODY = 16_000_000
LARGEST_UNPACKED = 64_000_000
LONGEST_WRITER = 64
WRITER = "x-wandb-async-client-id"  # of one of several processes that write one run


@router.post("/files/{entity}/{project}/{run}/file_stream")
async def file_stream(request: Request, parts: Service, caller: Member, entity: str, project: str, run: str) -> Response:
    size_bytes = int(request.headers.get("content-length", LARGEST_BODY))
    with parts.combiner.arriving.take(size_bytes):
        body = await request.body()
    packed = request.headers.get("content-encoding", "identity").lower() == "gzip"
    writer = request.headers.get(WRITER, "")[:LONGEST_WRITER] if SHARED in request.headers else ""
    with parts.combiner.waiting.take(len(body)):
        answer = await to_thread.run_sync(_taken, parts, caller, (entity, project, run), body, packed, writer)
    return Response(orjson.dumps(answer), media_type="application/json")


def _taken(parts: Service, caller: Member, where: tuple[str, str, str], body: bytes, packed: bool, writer: str) -> dict[str, Any]:
    """Raises ProjectNotFound, RunNotFound, NotAClientRun, Problem 503."""
    sent, bad = read(body, packed)
    try:
        return stream_service.take(parts, caller, where, sent, bad, writer)
    except IntegrityError as error:  # of two requests at once: it comes right when it is sent again
        raise Problem(503, "Another request changed the same run at the same time; try again.", headers={"Retry-After": "1"}) from error


def read(body: bytes, packed: bool) -> tuple[dict[str, Any], list[str]]:
    """What was sent, and why it could not be read if it could not."""
    try:
        sent = dialect.loads(_unpacked(body) if packed else body) if body else {}
    except (ValueError, RecursionError, zlib.error) as error:
        return {}, [f"a chunk of the stream is no JSON: {str(error)[:100]}"]
    if not isinstance(sent, dict):
        return {}, [f"a chunk of the stream takes a JSON object; got {type(sent).__name__}"]
    return sent, []


def _unpacked(body: bytes) -> bytes:
    """Raises ValueError, zlib.error."""
    unpacking = zlib.decompressobj(wbits=31)
    found = unpacking.decompress(body, LARGEST_UNPACKED)
    if unpacking.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {LARGEST_UNPACKED:,} bytes")
    return found
