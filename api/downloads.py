"""Answers that are saved as files: their names, and bodies that are made while they are sent."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import structlog
from anyio import CancelScope, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import Problem

log = structlog.get_logger(__name__)

Pieces = Generator[bytes, None, None]
MOST_AT_ONCE = 4  # streams in one process: each holds a piece in memory, and a thread while it makes the next
STALLED_S = 60.0
INERT = {  # by the end of a file's name: what a page shows. Scripts of an SVG are held by the sandbox that is sent with it
    **{end: f"image/{end}" for end in ("png", "gif", "webp", "bmp", "avif")},
    **{"jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml"},
    **{"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg", "flac": "audio/flac"},
    **{"mp4": "video/mp4", "webm": "video/webm", "json": "application/json", "txt": "text/plain; charset=utf-8"},
}
_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


class Broken(Exception):
    """The answer cannot be sent to its end; the connection is closed so that the client sees that it is not whole."""


class Stream(Response):
    """A body of pieces, each made in a thread once the one before it was taken.

    Whatever ends it, be it the last piece, an error, a client that hangs up or one that takes nothing for a minute, the generator is closed.
    """

    def __init__(self, pieces: Pieces, media_type: str, name: str, **headers: str) -> None:
        super().__init__(None, media_type=media_type, headers={"Content-Disposition": attachment(name), **headers})
        del self.headers["content-length"]
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _slots.acquire(blocking=False):
            raise Problem(503, f"{MOST_AT_ONCE} exports are under way already; try again.", headers={"Retry-After": "10"})
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            await self._send(send, gone)
        finally:
            gone.cancel()
            with CancelScope(shield=True):
                await to_thread.run_sync(self._pieces.close)
            _slots.release()

    async def _send(self, send: Send, gone: "asyncio.Future[None]") -> None:
        piece = await to_thread.run_sync(next, self._pieces, None)  # before the head, so that what fails at once is answered as a problem
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while piece is not None and not gone.done():
            try:
                async with asyncio.timeout(STALLED_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError as error:
                raise Broken(f"the client took nothing for {STALLED_S:g} s") from error
            piece = await to_thread.run_sync(next, self._pieces, None)
        if piece is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            log.info("a client hung up before the end of its export")


class Sink:
    """What a library takes for a file that is open for writing, and cannot be gone back in."""

    closed = False

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._length = 0

    def write(self, data: Any) -> int:
        self._kept.append(bytes(data))
        self._length += len(self._kept[-1])
        return len(self._kept[-1])

    def tell(self) -> int:
        return self._length

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken, self._kept = b"".join(self._kept), []
        return taken


def attachment(name: str) -> str:
    """A Content-Disposition (RFC 6266): the last part of the name, as plain ASCII and in full."""
    base = PurePosixPath(name).name or "file"
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._- ") else "_" for letter in base)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(base, safe='')}"


def content_type(name: str) -> str:
    """That of an image, a sound, a film or plain text, by the end of the file's name; of everything else just that it is bytes."""
    return INERT.get(name.rpartition(".")[2].lower(), "application/octet-stream")


async def _hung_up(receive: Receive) -> None:
    with suppress(Exception):
        while (await receive())["type"] != "http.disconnect":
            pass
