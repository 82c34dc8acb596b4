"""Server-sent events: a stream holds no more than where it stands and a piece on its way; what comes next is read from the store."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers import OPTIONS
from api.hub import Follower, Hub
from api.problems import PASSING
from store.errors import NotFound

Place = TypeVar("Place")

STOP = "runtwice.stop"  # in a request's scope: what ends its stream when the process is going to
MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
RETRY_MS = 1000
STUCK_S = 0.5
PAUSE_S = 1.0  # for a database that does not answer
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


@dataclass(frozen=True)
class Piece(Generic[Place]):
    """Events as they are sent, and where the stream stands after them; nothing more comes soon when it `is_all`, and ever when it `is_last`."""

    events: Sequence[bytes]
    place: Place
    is_all: bool
    is_last: bool = False


Read = Callable[[Place], Awaitable[Piece[Place]]]


def event(kind: str, data: Any, number: int | str | None = None) -> bytes:
    """`data` holds no NaN: see api/numbers.py. Without a number, a client that comes back is told of it again."""
    head = f"event: {kind}\n" if number is None else f"event: {kind}\nid: {number}\n"
    return b"%bdata: %b\n\n" % (head.encode(), orjson.dumps(data, option=OPTIONS))


class Shared:
    """Reads that several ask for at the same time, done once."""

    def __init__(self) -> None:
        self._reading: dict[Any, asyncio.Task[Any]] = {}

    async def read(self, what: Any, read: Callable[[], Any]) -> Any:
        """What `read` gives, in a thread, for all who ask for `what` until it is there."""
        task = self._reading.get(what)
        if task is None:
            task = self._reading[what] = asyncio.create_task(asyncio.to_thread(read))
            task.add_done_callback(lambda _: self._reading.pop(what, None))
        return await asyncio.shield(task)


class EventStream(Response, Generic[Place]):
    """Events from a place on, for as long as the caller listens, the key is good and the process lives."""

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, follower: Follower, read: Read[Place], place: Place, every_s: float) -> None:
        super().__init__()
        self._hub, self._follower, self._read, self._place, self._every_s = hub, follower, read, place, every_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[STOP] = self._follower.over.set
        self._hub.join(self._follower)
        tasks = [asyncio.create_task(work) for work in (self._pump(send), self._follower.over.wait(), self._until_gone(receive))]
        pump = tasks[0]
        try:
            await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
            self._follower.awake.set()
            await asyncio.wait([pump], timeout=STUCK_S)  # whoever does not read is left
        finally:
            self._hub.leave(self._follower)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _pump(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"retry: %d\n\n" % RETRY_MS, "more_body": True})
        said = time.monotonic()
        while not self._follower.over.is_set():
            self._follower.awake.clear()
            began = time.monotonic()
            piece = await self._next()
            for body in piece.events:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                said = time.monotonic()
            self._place = piece.place
            if piece.is_last:
                break
            if piece.is_all:
                await self._wait(HEARTBEAT_S - (time.monotonic() - said))
                await asyncio.sleep(max(0.0, began + self._every_s - time.monotonic()))
            if time.monotonic() - said >= HEARTBEAT_S:
                await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
                said = time.monotonic()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> Piece[Place]:
        try:
            return await self._read(self._place)
        except PASSING:  # a browser does not come back after a 503: it is told when the database is there again
            await asyncio.sleep(PAUSE_S)
            return Piece((), self._place, False)
        except NotFound:
            return Piece([event("end", {"state": "deleted"})], self._place, True, True)

    async def _wait(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._follower.awake.wait(), max(0.0, timeout_s))

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._follower.over.set()
