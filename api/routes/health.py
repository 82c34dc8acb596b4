"""Whether the process lives, whether it can serve, and figures for Prometheus."""

import shutil
from functools import cache
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import exc
from starlette.responses import Response

from api.answers import document
from api.deps import Service, Viewer
from api.parts import Parts
from api.routes.describe import answers
from api.schemas.others import CheckShown, Readiness
from api.strict_route import StrictRoute
from store import durability, migrate

router = APIRouter(tags=["health"], route_class=StrictRoute)

LOW_ON_DISK = 100_000_000
READY = {"status": "ready", "checks": {name: {"ok": True, "detail": "answers"} for name in ("database", "broker", "disk", "durability")}}
FIGURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text", "content": {"text/plain": {"example": 'runtwice_runs{state="finished"} 8.0'}}}
}


@router.get("/healthz", summary="Whether the process lives", **answers(dict[str, str], {"status": "ok"}))
async def healthz() -> Response:
    return document({"status": "ok"})


@router.get("/readyz", summary="Whether each thing the service needs answers", **answers(Readiness, READY))
def readyz(parts: Service) -> Response:
    checks = {"database": _database(parts), "broker": _broker(parts), "disk": _disk(parts), "durability": _durability(parts)}
    # A broker that is away delays nothing for long: idle workers look for runs in SQL.
    able = checks["database"]["ok"] and checks["disk"]["ok"]
    status = "ready" if all(check["ok"] for check in checks.values()) else "degraded" if able else "unavailable"
    return document({"status": status, "checks": checks}, 200 if able else 503, None if able else {"Retry-After": "1"})


@router.get("/metrics", summary="Figures for Prometheus", response_model=None, response_class=Response, responses=FIGURES)
def metrics(parts: Service, caller: Viewer) -> Response:
    with parts.db.read() as session:
        return Response(parts.metrics.read(session), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _database(parts: Parts) -> CheckShown:
    try:
        version = migrate.current(parts.db)
    except exc.SQLAlchemyError:
        return {"ok": False, "detail": "does not answer"}
    if version != _needed():
        return {"ok": False, "detail": f"is at version {version or 'none'}, this program needs {_needed()}: runtwice migrate"}
    return {"ok": True, "detail": f"answers, at version {version}"}


def _durability(parts: Parts) -> CheckShown:
    try:
        with parts.db.read() as session:
            weakness = durability.weakness(session)
    except exc.SQLAlchemyError:
        return {"ok": True, "detail": "not known: the database does not answer"}
    return {"ok": weakness is None, "detail": f"{weakness}: what was acknowledged may be lost" if weakness else "commits are on the disk"}


@cache
def _needed() -> str:
    return migrate.head()


def _broker(parts: Parts) -> CheckShown:
    if not parts.settings.broker_url:
        return {"ok": True, "detail": "none is configured; workers look for runs in SQL"}
    ok = parts.queue.answers()
    return {"ok": ok, "detail": "answers" if ok else "does not answer; workers look for runs in SQL"}


def _disk(parts: Parts) -> CheckShown:
    folder = next(path for path in (parts.settings.data_dir.absolute(), *parts.settings.data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    return {"ok": free > LOW_ON_DISK, "detail": f"{free // 1_000_000:,} MB free"}
