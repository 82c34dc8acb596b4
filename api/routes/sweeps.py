"""Sweeps that the wandb SDK's agents run: listed, shown, stopped, paused, resumed, cancelled. They are made by `wandb sweep` and `wandb.sweep`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import document
from api.deps import Member, Service, Viewer
from api.paging import Cursor, Limit
from api.routes import examples
from api.routes.describe import answers
from api.schemas.base import Page
from api.schemas.sweeps import SweepListed, SweepShown
from api.services import sweep_shown as service
from api.strict_route import StrictRoute

router = APIRouter(tags=["sweeps"], route_class=StrictRoute)

LISTED: dict[str, Any] = {
    "id": "0m1n2b3v4c5x6y7s",
    "external_id": "q8w7e6r5",
    "project": "acme/digits",
    "name": "rate and width",
    "state": "running",
    "method": "bayes",
    "metric": {"name": "val/loss", "goal": "minimize"},
    "runs": {"total": 2, "queued": 0, "running": 1, "finished": 1, "failed": 0, "cancelled": 0, "crashed": 0},
    "expected": 30,
    "best_value": 0.31,
    "created_at": "2026-11-23T20:30:01.123456Z",
    "updated_at": "2026-11-23T20:30:01.123456Z",
    "created_by": "k1",
}
CONFIG = """method: bayes
metric: {name: val/loss, goal: minimize}
run_cap: 30
early_terminate: {type: hyperband, min_iter: 3}
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
"""
POINT = {
    "place": 0,
    "run": "k3v9a2b4c6d8",
    "external_id": "a1b2c3d4",
    "name": "quiet-otter-1",
    "state": "finished",
    "values": {"lr": 0.01},
    "value": 0.31,
    "stopped_early": False,
    "agent": "0m1n2b3v4c5x6y7a",
    "given_at": "2026-11-23T20:30:02.123456Z",
}
AGENT = {
    "id": "0m1n2b3v4c5x6y7a",
    "host": "gpu-1",
    "alive": True,
    "runs": 1,
    "created_at": "2026-11-23T20:30:02.023456Z",
    "heartbeat_at": "2026-11-23T20:31:02.023456Z",
}
SHOWN: dict[str, Any] = {
    **LISTED,
    "description": None,
    "config": CONFIG,
    "program": None,
    "parameters": ["lr"],
    "run_cap": 30,
    "early_stop": {"kind": "hyperband", "brackets": [3, 9, 27], "eta": 3.0, "strict": False},
    "prior_runs": [],
    "best": {"run": "k3v9a2b4c6d8", "external_id": "a1b2c3d4", "name": "quiet-otter-1", "value": 0.31},
    "points": [POINT],
    "agents": [AGENT],
}
Named = Annotated[str | None, Query(max_length=64, description="only the sweep that the wandb SDK calls by this id")]


@router.get("/projects/{entity}/{name}/sweeps", summary="List a project's sweeps, newest first", **answers(Page[SweepListed], examples.page(LISTED)))
def listing(parts: Service, caller: Viewer, entity: str, name: str, limit: Limit = 100, cursor: Cursor = None, external_id: Named = None) -> Response:
    return document(service.listing(parts, caller, entity, name, limit, cursor, external_id))


@router.get("/sweeps/{sweep_id}", summary="Show a sweep, its points and its best run", **answers(SweepShown, SHOWN))
def show(parts: Service, caller: Viewer, sweep_id: str) -> Response:
    return document(service.show(parts, caller, sweep_id))


@router.post("/sweeps/{sweep_id}/stop", summary="Begin no more runs; those that run go on", **answers(SweepShown, {**SHOWN, "state": "finished"}))
def stop(parts: Service, caller: Member, sweep_id: str) -> Response:
    return document(service.set_to(parts, caller, sweep_id, "stop"))


@router.post("/sweeps/{sweep_id}/pause", summary="Begin no runs until it is resumed", **answers(SweepShown, {**SHOWN, "state": "paused"}))
def pause(parts: Service, caller: Member, sweep_id: str) -> Response:
    return document(service.set_to(parts, caller, sweep_id, "pause"))


@router.post("/sweeps/{sweep_id}/resume", summary="Begin runs again", **answers(SweepShown, SHOWN))
def resume(parts: Service, caller: Member, sweep_id: str) -> Response:
    return document(service.set_to(parts, caller, sweep_id, "resume"))


@router.post("/sweeps/{sweep_id}/cancel", summary="Begin no more runs and end those that run", **answers(SweepShown, {**SHOWN, "state": "cancelled"}))
def cancel(parts: Service, caller: Member, sweep_id: str) -> Response:
    return document(service.set_to(parts, caller, sweep_id, "cancel"))
