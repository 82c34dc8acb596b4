"""Reruns and verdicts."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.answers import document
from api.deps import Idempotency, Member, Service, Viewer
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.base import Items
from api.schemas.others import NewReruns, NewVerdict, RerunList, Reruns, VerdictShown
from api.services import reruns as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["reproducibility"], route_class=StrictRoute)

QUEUED = answers(Reruns, examples.items(examples.RERUN), 202)
QUEUED["responses"] |= answers(Reruns, examples.items({**examples.RERUN, "verdict": examples.VERDICT}))["responses"]


@router.post("/runs/{run_id}/reruns", summary="Run the same config again", openapi_extra=takes({"count": 1, "wait_s": 30}), **QUEUED)
async def rerun(request: Request, parts: Service, caller: Member, run_id: str, once: Idempotency, asked: NewReruns | None = None) -> Response:
    answer = await service.rerun(parts, caller, run_id, asked or NewReruns(), once, request.is_disconnected)
    return answer.response()


@router.get("/runs/{run_id}/reruns", summary="List reruns", **answers(RerunList, examples.items(examples.LISTED_RERUN)))
def listing(parts: Service, caller: Viewer, run_id: str) -> Response:
    return document({"items": service.listing(parts, caller, run_id), "next_cursor": None})


@router.get("/runs/{run_id}/verdict", summary="Show whether a rerun reproduced its original", **answers(VerdictShown, examples.VERDICT))
def verdict(parts: Service, caller: Viewer, run_id: str) -> Response:
    return document(service.verdict(parts, caller, run_id))


@router.post("/verdicts", summary="Judge any two runs", openapi_extra=takes(examples.NEW_VERDICT), **answers(VerdictShown, examples.VERDICT))
def judge(parts: Service, caller: Member, pair: NewVerdict, once: Idempotency) -> Response:
    return service.judge(parts, caller, pair.original, pair.rerun, once).response()


@router.get("/verdicts", summary="List the verdicts on a run, latest first", **answers(Items[VerdictShown], examples.items(examples.VERDICT)))
def verdicts(
    parts: Service,
    caller: Viewer,
    run: Annotated[str, Query(max_length=64, description="as the original or as the rerun")],
    limit: Annotated[int, Query(ge=1, le=1000, description="most verdicts")] = 100,
) -> Response:
    return document({"items": service.about(parts, caller, run, limit), "next_cursor": None})


@router.get("/verdicts/{original_id}/{rerun_id}", summary="Show the verdict on two runs", **answers(VerdictShown, examples.VERDICT))
def between(parts: Service, caller: Viewer, original_id: str, rerun_id: str) -> Response:
    return document(service.between(parts, caller, original_id, rerun_id))
