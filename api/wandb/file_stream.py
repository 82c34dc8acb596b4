"""POST /files/{entity}/{project}/{run}/file_stream: what the SDK logs, every few seconds, and its sign of life.

The SDK gives a run's stream up for good after 400, 401, 403, 404, 409, 410, 413, 422 and 501: they are answered to a key that is not (or no longer)
good and for a run that is gone, never for what a line holds; trouble that passes is 503 with Retry-After.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import strict_json
from api.auth import Caller
from api.deps import Member, Service
from api.parts import Parts
from api.problems import Problem
from api.services import names
from store import wandb_history, wandb_runs, wandb_stream
from store.errors import RunNotFound
from store.wandb_stream import NONE, Lines, Sent

router = APIRouter(include_in_schema=False)

MOST_UNPACKED = 64_000_000
SHARED = "x-wandb-use-async-filestream"


@router.post("/files/{entity}/{project}/{run}/file_stream")
async def stream(request: Request, parts: Service, caller: Member, entity: str, project: str, run: str) -> Response:
    with parts.combiner.arriving.take(int(request.headers.get("content-length", parts.settings.body_limit_bytes))):
        body = await request.body()
        is_packed = request.headers.get("content-encoding", "") == "gzip"
        is_shared = request.headers.get(SHARED) == "true"
        answer = await to_thread.run_sync(_take, parts, caller, (entity, project, run), body, is_packed, is_shared)
    return Response(orjson.dumps(answer), media_type="application/json")


def _take(parts: Parts, caller: Caller, where: tuple[str, str, str], body: bytes, is_packed: bool, is_shared: bool) -> dict[str, Any]:
    sent = read(unpacked(body) if is_packed else body, is_shared)
    entity, project, name = where
    with parts.db.begin() as session:
        run = wandb_runs.find(session, names.get(session, caller, entity, project), name)
        if run is None:
            raise RunNotFound(name)
        taken = wandb_stream.take(session, run, sent)
    parts.metrics.count_points(taken.points, taken.set_aside)
    return {"exitcode": sent.exit_code, "limits": {}, **({"stopped": True} if taken.stopped else {})}


def unpacked(body: bytes) -> bytes:
    """A gzip body, read no further than it may unpack to. Raises Problem 413."""
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(body, MOST_UNPACKED)
    except zlib.error as error:
        raise strict_json.BadBody(f"The body is not valid gzip: {error}.") from error
    if reader.unconsumed_tail:
        raise Problem(413, f"A body unpacks to at most {MOST_UNPACKED:,} bytes.")
    return text


def read(body: bytes, is_shared: bool) -> Sent:
    """Raises BadBody for a body that is no JSON object; a part of another shape than the SDK's counts as not sent."""
    try:
        told = wandb_history.tolerant_loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise strict_json.BadBody(f"The body is not valid JSON: {error}.") from error
    if not isinstance(told, dict):
        raise strict_json.BadBody("The body takes a JSON object.")
    files = told.get("files")
    files = files if isinstance(files, dict) else {}
    summary = _lines(files, "wandb-summary.json").content
    code = told.get("exitcode")
    ended = told.get("complete") is True
    return Sent(
        history=_lines(files, "wandb-history.jsonl"),
        events=_lines(files, "wandb-events.jsonl"),
        output=_lines(files, "output.log"),
        summary=summary[-1] if summary and _is_object(summary[-1]) else None,
        exit_code=(code if isinstance(code, int) else 0) if ended else None,
        is_shared=is_shared,
    )


def _lines(files: Mapping[str, Any], name: str) -> Lines:
    part = files.get(name)
    if not isinstance(part, dict) or not isinstance(part.get("content"), list):
        return NONE
    offset = part.get("offset", 0)
    lines = [line for line in part["content"] if isinstance(line, str)]
    return Lines(offset if isinstance(offset, int) and 0 <= offset < 1 << 53 else 0, lines)


def _is_object(text: str) -> bool:
    try:
        return isinstance(wandb_history.tolerant_loads(text), dict)
    except (ValueError, RecursionError):
        return False
