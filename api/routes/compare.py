"""Runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.others import Comparison, RunsToCompare
from api.services import compare as service
from api.strict_route import StrictRoute

router = APIRouter(prefix="/compare", tags=["runs"], route_class=StrictRoute)


@router.get("", summary="Compare runs", **answers(Comparison, examples.COMPARISON))
def by_query(parts: Service, caller: Viewer, run: Annotated[list[str], Query(min_length=1, max_length=1000)]) -> Response:
    return document(service.compare(parts, caller, run))


@router.post("", summary="Compare many runs", openapi_extra=takes(examples.RUNS_TO_COMPARE), **answers(Comparison, examples.COMPARISON))
def by_body(parts: Service, caller: Viewer, asked: RunsToCompare) -> Response:
    return document(service.compare(parts, caller, asked.runs))
