"""Alerts that a run raises."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import document
from api.deps import Member, Service, Viewer
from api.routes import examples
from api.routes.describe import answers, takes
from api.schemas.alerts import AlertRaised, AlertShown, NewAlert
from api.schemas.base import Items
from api.services import alerts as service
from api.strict_route import StrictRoute
from store import alerts, runs

router = APIRouter(prefix="/runs/{run_id}", tags=["client runs"], route_class=StrictRoute)

NEW_ALERT: dict[str, Any] = {"title": "Loss is NaN", "text": "at step 1200", "level": "ERROR", "wait_s": 600.0}
ALERT: dict[str, Any] = {"title": "Loss is NaN", "text": "at step 1200", "level": "ERROR", "at": "2026-11-23T20:31:00.123456Z"}


@router.get("/alerts", summary="List what the run raised, oldest first", **answers(Items[AlertShown], examples.items(ALERT)))
def listing(parts: Service, caller: Viewer, run_id: str) -> Response:
    with parts.db.read() as session:
        found = alerts.of_run(session, runs.get(session, run_id, caller.entity).id)
    return document({"items": [service.alert_shown(each) for each in found], "next_cursor": None})


@router.post("/alerts", summary="Raise an alert", openapi_extra=takes(NEW_ALERT), **answers(AlertRaised, {"raised": True}))
def add(parts: Service, caller: Member, run_id: str, new: NewAlert) -> Response:
    return document({"raised": service.add(parts, caller, run_id, new)})
