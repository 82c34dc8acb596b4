"""One layer, one input, before and after."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from starlette.requests import Request
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, Viewer
from api.routes import layer_examples as examples
from api.routes.describe import answers, takes
from api.schemas.layers import ProbeShown
from api.services import probes as service
from api.strict_route import StrictRoute
from trainer.probe import Probe

router = APIRouter(prefix="/probes", tags=["probes"], route_class=StrictRoute)

ASKED = answers(ProbeShown, {**examples.PROBE, "state": "queued", **dict.fromkeys(("finished_at", "before", "after", "buffers", "torch"))}, 202)
ASKED["responses"] |= answers(ProbeShown, examples.PROBE)["responses"]


@router.post("/layer", summary="Try a layer on an input", openapi_extra=takes(examples.NEW_PROBE), **ASKED)
async def ask(
    request: Request,
    parts: Service,
    caller: Member,
    probe: Annotated[Probe, Body()],
    once: Idempotency,
    wait_s: Annotated[float, Query(ge=0, le=60, description="wait so long for what comes out")] = 0.0,
) -> Response:
    return (await service.ask(parts, caller, probe, wait_s, once, request.is_disconnected)).response()


@router.get("/{probe_id}", summary="Show what a layer did", **answers(ProbeShown, examples.PROBE))
def show(parts: Service, caller: Viewer, probe_id: str) -> Response:
    return document(service.show(parts, caller, probe_id))


@router.delete("/{probe_id}", summary="Take a probe back, or forget what came of it", status_code=204, response_model=None)
def remove(parts: Service, caller: Member, probe_id: str) -> Response:
    service.remove(parts, caller, probe_id)
    return Response(status_code=204)
