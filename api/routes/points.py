"""Points of a client run. The body is read raw, to be decoded without a model of its million values."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import arrow, point_bodies, strict_json
from api.answers import document
from api.deps import Member, Service
from api.problems import Problem
from api.routes import examples
from api.routes.describe import answers
from api.schemas.points import AppendedPoints
from api.services import points as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["points"], route_class=StrictRoute)

READERS = {
    "application/json": point_bodies.of_json,
    "application/msgpack": point_bodies.of_msgpack,
    "application/x-msgpack": point_bodies.of_msgpack,
    arrow.MEDIA_TYPE: arrow.points,
}
SCHEMA = {"$ref": "#/components/schemas/PointColumns"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SCHEMA, "example": examples.POINTS},
            "application/msgpack": {"schema": SCHEMA},
            arrow.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("/runs/{run_id}/points", summary="Append points", openapi_extra=BODY, **answers(AppendedPoints, examples.APPENDED))
async def append(request: Request, parts: Service, caller: Member, run_id: str) -> Response:
    kind = strict_json.media_type(request)
    if kind not in READERS:
        raise Problem(415, f"Points are taken as application/json, application/msgpack or {arrow.MEDIA_TYPE}, not {kind[:80]!r}.")
    return document(await service.append(parts, caller, run_id, request, READERS[kind]))
