"""Around every request: its id, the security headers, errors as problems, a line in the log, the counts for Prometheus."""

import itertools
import logging
import re
import time
import uuid

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.metrics import Metrics

log = structlog.get_logger("runtwice.access")

BASE = "/api/v1"
OFTEN = ("/healthz", "/readyz", "/metrics", f"{BASE}/runs/{{run_id}}/points")  # counted, and told of when they fail
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls our own sign-in form's origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]


_PROCESS = uuid.uuid4().hex[:20]  # no two processes share it, and counting is faster than chance
_NUMBERS = itertools.count(1)


class Envelope:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        status = 0
        began = time.perf_counter()

        async def sealed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                said = {name.lower() for name, _ in message["headers"]}
                missing = [pair for pair in _SECURITY if pair[0] not in said]
                message["headers"] = [*message["headers"], *missing, (b"x-request-id", request_id.encode())]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)  # in the context of this request's own task
        try:
            await self.app(scope, receive, sealed)
        except Exception as error:
            response = problems.answer(error)
            if status:  # the answer is on its way: all that is left is to break it off
                raise
            await response(scope, receive, sealed)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        self.metrics.observe(route, scope["method"], status, seconds)
        level = logging.DEBUG if route in OFTEN and status < 400 else logging.INFO
        if not log.is_enabled_for(level):
            return
        caller = scope.get("caller")
        log.log(
            level,
            "request",
            method=scope["method"][:20],
            path=_without_secrets(scope["path"])[:500],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            key=caller.key_id if caller else None,
            client=(scope.get("client") or [None])[0],
        )


def _template(scope: Scope) -> str:
    """The route's path as it was declared, below its prefix."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "unmatched"
    return BASE + path if scope["path"].startswith(BASE + "/") else str(path)


def _without_secrets(path: str) -> str:
    """A link's text opens something: it stands in no log."""
    return "/share/..." if path.startswith("/share/") else path


def _request_id(scope: Scope) -> str:
    """The caller's, if it is well-formed, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else f"{_PROCESS}{next(_NUMBERS):012x}"
