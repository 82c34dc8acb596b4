"""The process that listens: uvicorn on uvloop, with a deadline for requests that are begun and never sent."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import create_app
from api.streams import STOP
from store.settings import Settings

HEADERS_S = 15.0
KEEP_ALIVE_S = 30
GRACE_S = 2  # what `runtwice up` leaves us before it stops waiting
BACKLOG = 2048
GARBAGE_OBJECTS = 50_000  # containers more than there were, a few megabytes, before those that refer to each other are looked for
SILENT_S = 20  # for one process of several to answer its parent before it is started anew; loading alone takes over 5 s on a busy machine


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 that hangs up on a client whose request head has not arrived in time; uvicorn itself would wait for ever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """A stream of events would go on for ever: it says under STOP what ends it."""
        super().shutdown()
        stop: Callable[[], None] | None = dict(self.scope).get(STOP) if self.cycle is not None else None  # type: ignore[assignment]
        if stop is not None:
            stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What cannot even be read as HTTP gets a problem like any other error, and no second chance on this connection."""
        body = orjson.dumps({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": msg})
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _expect_head(self) -> None:
        self._head_is_here()
        self._deadline = self.loop.call_later(HEADERS_S, self._hang_up)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self.transport.close()


def from_environment() -> Any:
    """The application of one process among several, with the settings that its environment names."""
    return _settled(create_app(Settings()))


def _settled(app: FastAPI) -> FastAPI:
    """The application; what is loaded by now stays, and the garbage collector need not look through it again and again, nor after every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 100)
    gc.enable()
    return app


def serve(settings: Settings) -> None:
    """Returns when the process was told to stop."""
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "server_header": False,
        "proxy_headers": False,
        "access_log": False,
        "log_config": None,
        "backlog": BACKLOG,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": GRACE_S,
        "timeout_worker_healthcheck": SILENT_S,
    }
    if settings.api_processes > 1:
        uvicorn.run("api.server:from_environment", factory=True, workers=settings.api_processes, **options)
    else:
        uvicorn.run(_settled(create_app(settings)), **options)
