"""The HTTP interface as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from html import escape
from importlib.metadata import version

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import hosts, openapi, page, problems
from api.auth import Gate, is_visit
from api.bodies import STORAGE, BodyGuard
from api.envelope import BASE, Envelope
from api.hosts import HostCheck
from api.lane import Lane
from api.parts import Parts
from api.routes import (
    alerts,
    artifacts,
    badges,
    client_runs,
    compare,
    datasets,
    deleting,
    diagnostics,
    docs,
    events,
    export,
    health,
    inbox,
    keys,
    links,
    login,
    media,
    nodes,
    people,
    points,
    probes,
    projects,
    reproducibility,
    reruns,
    retention,
    runs,
    schemas,
    search,
    series,
    shares,
    studies,
    sweeps,
    views,
)
from api.wandb import routes as wandb_routes
from api.wandb import storage, stream
from store import durability
from store.checkpoint_files import checkpoint_files
from store.settings import Settings
from trainer import extensions
from worker.autopilot import AutopilotThread
from worker.keeper import KeeperThread
from worker.postman import PostmanThread
from worker.reaper import ReaperThread

log = structlog.get_logger(__name__)

FORM_BYTES = 100_000  # what a form has around its files
HOME = '<a href="/">All projects</a>'
CONNECTIONS = 30  # store.database.connect's pool and its overflow
ROUTERS: tuple[APIRouter, ...] = (
    projects.router,
    retention.router,
    views.router,
    export.router,
    deleting.router,
    runs.router,
    diagnostics.router,
    probes.router,
    client_runs.router,
    alerts.router,
    media.router,
    points.router,
    series.router,
    events.router,
    inbox.router,
    compare.router,
    studies.router,
    sweeps.router,
    reruns.router,
    reproducibility.router,
    shares.router,
    badges.router,
    artifacts.router,
    datasets.router,
    nodes.router,
    keys.router,
    people.router,
    schemas.router,
    search.router,
    docs.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The application; its connections are opened at the start of its lifespan and closed at the end."""
    parts = Parts.of(settings)
    app = FastAPI(
        title="Runtwice",
        version=version("runtwice"),
        description="Run it twice, get the same bits: configs in, trained runs, their curves and the verdict on their reruns out.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it would tell addresses with what they open, at a price for every request
        lifespan=_lifespan,
    )
    app.state.parts = parts
    for router in ROUTERS:
        app.include_router(router, prefix=BASE)
    of_programs = (health.router, login.router, shares.opening, badges.shared, wandb_routes.router, stream.router, storage.router)
    for router in (*of_programs, page.router, links.router):  # the page takes what is left, then what leads to it
        app.include_router(router)
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _problem)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    # The last one added is the outermost.
    app.add_middleware(Lane, parts=lambda: parts)
    larger = {("POST", f"{BASE}/datasets"): settings.dataset_limit_bytes + FORM_BYTES, ("PUT", STORAGE): settings.file_limit_bytes}
    app.add_middleware(BodyGuard, limit_bytes=settings.body_limit_bytes, larger=larger)
    app.add_middleware(Gate, db=lambda: parts.db, known=parts.callers, origins=hosts.origins(settings))
    app.add_middleware(HostCheck, settings=settings)
    app.add_middleware(Envelope, metrics=parts.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    to_thread.current_default_thread_limiter().total_tokens = CONNECTIONS  # a thread more would only wait for a connection
    # One process of all has each duty; the others stand by.
    every_s = parts.settings.reap_every_s
    duties = (
        ReaperThread(parts.db, parts.queue, parts.settings),
        KeeperThread(parts.db, parts.files, checkpoint_files(parts.settings), every_s),
        AutopilotThread(parts.db, every_s),
        PostmanThread(parts.db, every_s, parts.settings.webhooks_to_private),
    )
    for duty in duties:
        duty.start()
    parts.combiner.start()
    parts.hub.start()
    await to_thread.run_sync(_warn_of_weakness, parts)
    try:
        yield
    finally:
        await parts.hub.stop()
        for duty in duties:
            duty.stop()
        parts.close()


def _warn_of_weakness(parts: Parts) -> None:
    for broken in extensions.BROKEN:
        log.error("an extension cannot be used", what=broken.what, name=broken.name, package=broken.package, reason=broken.reason)
    with suppress(SQLAlchemyError), parts.db.read() as session:  # a database that is away is told of by /readyz
        if weakness := durability.weakness(session):
            log.error("what is acknowledged may be lost when the machine stops", reason=weakness)


async def _problem(request: Request, error: Exception) -> Response:
    answer = problems.answer(error)
    if answer.status_code == 404 and is_visit(request.scope):  # a person went there, who reads no JSON
        words = f"{problems.problem_for(error).detail} It may have been mistyped, or what it showed was deleted."
        return page.notice("Nothing is here", escape(words), HOME, status=404)
    return answer
