"""Curves."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import Service, Viewer
from api.problems import InvalidValue
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.points import CurveQuery, Curves
from api.services import curves
from api.services.curves import Asked
from api.strict_route import StrictRoute

router = APIRouter(prefix="/series", tags=["points"], route_class=StrictRoute)

Names = Annotated[list[str], Query(min_length=1, max_length=1000)]
Bound = Annotated[float | None, Query(allow_inf_nan=False)]


@router.get("", summary="Read curves, exact or in buckets", **answers(Curves, examples.CURVES))
def read(
    parts: Service,
    caller: Viewer,
    run: Names,
    metric: Names,
    points: Annotated[str, Query(max_length=10, description='1 to 10000, or "all"')] = "1000",
    low: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    to: Bound = None,
    x: Literal["step", "time"] = "step",
) -> Response:
    window = curves.window(_points(points), low, to, x)
    return Response(curves.read(parts, caller, Asked(run, metric, window)), media_type="application/json")


@router.post("/query", summary="Read curves by a long list", openapi_extra=takes(examples.CURVE_QUERY), **answers(Curves, examples.CURVES))
def query(parts: Service, caller: Viewer, asked: CurveQuery) -> Response:
    window = curves.window(None if asked.points == "all" else asked.points, asked.from_, asked.to, asked.x)
    return Response(curves.read(parts, caller, Asked(asked.runs, asked.metrics, window)), media_type="application/json")


def _points(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise InvalidValue("/points", f'takes 1 to 10000, or "all"; got "{text}"')
    return int(text)
