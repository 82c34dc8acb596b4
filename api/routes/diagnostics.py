"""What a run told of its layers while it learned."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.routes import layer_examples as examples
from api.routes.describe import answers
from api.schemas.layers import DiagnosticsShown, Kind
from api.services import diagnostics as service
from api.services.diagnostics import Asked
from api.strict_route import StrictRoute

router = APIRouter(tags=["runs"], route_class=StrictRoute)

Step = Annotated[int | None, Query(ge=0, le=2**53)]


@router.get("/runs/{run_id}/diagnostics", summary="Read statistics of a run's layers", **answers(DiagnosticsShown, examples.DIAGNOSTICS))
def read(
    parts: Service,
    caller: Viewer,
    run_id: str,
    kind: Annotated[Kind | None, Query(description="only this kind")] = None,
    layer: Annotated[str | None, Query(max_length=512, description="only this layer, or parameter")] = None,
    first: Annotated[int | None, Query(alias="from", ge=0, le=2**53)] = None,
    to: Step = None,
    histograms: bool = True,
) -> Response:
    return document(service.read(parts, caller, run_id, Asked(kind, layer, first, to, histograms)))
