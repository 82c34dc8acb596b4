"""Points of a client run. The body is read raw and goes to a thread as it is: decoding a million values must not hold the loop."""

from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import strict_json
from api.answers import document
from api.auth import Caller
from api.deps import Member, Service
from api.parts import Parts
from api.problems import Problem
from api.routes import examples
from api.routes.describe import answers
from api.schemas.points import AppendedPoints
from api.services import points as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["points"], route_class=StrictRoute)

READERS = {"application/json": strict_json.loads, "application/msgpack": strict_json.unpack, "application/x-msgpack": strict_json.unpack}
SCHEMA = {"$ref": "#/components/schemas/PointColumns"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": SCHEMA, "example": examples.POINTS}, "application/msgpack": {"schema": SCHEMA}},
    }
}


@router.post("/runs/{run_id}/points", summary="Append points", openapi_extra=BODY, **answers(AppendedPoints, examples.APPENDED))
async def append(request: Request, parts: Service, caller: Member, run_id: str) -> Response:
    kind = strict_json.media_type(request)
    if kind not in READERS:
        raise Problem(415, f"Points are taken as application/json or application/msgpack, not {kind[:80]!r}.")
    return await to_thread.run_sync(_append, parts, caller, run_id, kind, await request.body())


def _append(parts: Parts, caller: Caller, run_id: str, kind: str, body: bytes) -> Response:
    return document(service.append(parts, caller, run_id, READERS[kind](body)))
