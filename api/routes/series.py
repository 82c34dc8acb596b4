"""Curves."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api import arrow
from api.deps import Service, Viewer
from api.problems import InvalidValue
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.points import CurveQuery, Curves
from api.services import curves
from api.services.curves import Answered, Asked, Form
from api.strict_route import StrictRoute

router = APIRouter(prefix="/series", tags=["points"], route_class=StrictRoute)

COLUMNS = "application/vnd.runtwice.columns"
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "columns": COLUMNS, "arrow": arrow.MEDIA_TYPE}
EXAMPLE = '{"series":[{"run":"k3v9a2b4c6d8","metric":"lr","count":2,"columns":[{"name":"steps","length":2},{"name":"values","length":2}]}]}\n...'
ROWS = "run: string, metric: string, count: int64, steps: list<int64>, values: list<double>, mean: list<double>, ..., one row a curve"

Names = Annotated[list[str], Query(min_length=1, max_length=1000)]
Bound = Annotated[float | None, Query(allow_inf_nan=False)]
KnownTags = Annotated[str | None, Header(alias="If-None-Match", description="ETags of answers at hand: 304 when one is still true.")]


def _described() -> dict[str, Any]:
    """The forms of the answer, and the answer that there is nothing new."""
    said = answers(Curves, examples.CURVES)
    said["responses"][200]["content"][COLUMNS] = {"schema": {"type": "string", "format": "binary"}, "example": EXAMPLE}
    said["responses"][200]["content"][arrow.MEDIA_TYPE] = {"schema": {"type": "string", "format": "binary"}, "example": ROWS}
    said["responses"][304] = {"description": "The answer with one of these ETags is still true."}
    return said


@router.get("", summary="Read curves, exact or in buckets", **_described())
def read(
    request: Request,
    parts: Service,
    caller: Viewer,
    run: Names,
    metric: Names,
    points: Annotated[str, Query(max_length=10, description='1 to 10000, or "all"')] = "1000",
    low: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    to: Bound = None,
    x: Literal["step", "time"] = "step",
    known: KnownTags = None,
) -> Response:
    form = _preferred(request)
    asked = Asked(run, metric, curves.window(_points(points), low, to, x), form, _tags(known))
    return _response(curves.read(parts, caller, asked), form)


@router.post("/query", summary="Read curves by a long list", openapi_extra=takes(examples.CURVE_QUERY), **_described())
def query(request: Request, parts: Service, caller: Viewer, asked: CurveQuery, known: KnownTags = None) -> Response:
    form = _preferred(request)
    points = None if asked.points == "all" else asked.points
    starts = {run: curves.window(points, start, asked.to, asked.x) for run, start in asked.starts.items()}
    window = curves.window(points, asked.from_, asked.to, asked.x)
    return _response(curves.read(parts, caller, Asked(asked.runs, asked.metrics, window, form, _tags(known), starts)), form)


def _response(answered: Answered, form: Form) -> Response:
    headers = {"ETag": answered.etag, "Vary": "Accept, Authorization, Cookie", "Cache-Control": "private, no-cache"}
    if answered.body is None:
        return Response(status_code=304, headers=headers)
    return Response(answered.body, media_type=MEDIA_TYPES[form], headers=headers)


def _preferred(request: Request) -> Form:
    """The binary form that the Accept header names, if none that JSON would do for has a higher weight (RFC 9110, 12.5.1); else JSON."""
    weights: dict[str, float] = {}
    for item in ",".join(request.headers.getlist("accept")).split(","):
        kind, *parameters = [part.strip().lower() for part in item.split(";")]
        weights[kind] = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    forms: tuple[Form, ...] = ("columns", "arrow")
    best = max(forms, key=lambda form: weights.get(MEDIA_TYPES[form], 0.0))
    weight = weights.get(MEDIA_TYPES[best], 0.0)
    return best if weight > 0 and weight >= weights.get(MEDIA_TYPES["json"], 0.0) else "json"


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _tags(header: str | None) -> frozenset[str]:
    """The tags listed; compared weakly (RFC 9110, 13.1.2). Ours have neither commas nor quotes inside."""
    return frozenset(tag.strip().removeprefix("W/") for tag in (header or "").split(",") if tag.strip())


def _points(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise InvalidValue("/points", f'takes 1 to 10000, or "all"; got "{text}"')
    return int(text)
