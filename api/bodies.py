"""Bodies that are too large, too slow or compressed are turned away while they arrive."""

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem

STREAM = re.compile(r"/files/[^/]+/[^/]+/[^/]+/file_stream")  # of the wandb SDK, which sends larger bodies there, and packed ones
STREAM_BYTES = 16_000_000
STORAGE = "/storage/"
RECEIPT_S = 15.0
SLOWEST_BYTES_PER_S = 10_000  # beyond the first seconds, a body must arrive at least this fast


class BodyGuard:
    """Middleware that counts what really arrives, whatever Content-Length says."""

    def __init__(self, app: ASGIApp, limit_bytes: int, larger: Mapping[tuple[str, str], int] = MappingProxyType({})) -> None:
        """`larger` are the addresses, by method and path, that take more than `limit_bytes`."""
        self.app = app
        self.limit_bytes = limit_bytes
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_stream = scope["method"] == "POST" and STREAM.fullmatch(scope["path"]) is not None
        if headers.get("content-encoding", "identity").lower() not in (("identity", "gzip") if is_stream else ("identity",)):
            raise Problem(415, "Bodies are taken as they are, not compressed.", headers={"Accept-Encoding": "identity"})
        limit_bytes = max(STREAM_BYTES if is_stream else 0, self.larger.get(_address(scope), self.limit_bytes))
        if int(headers.get("content-length", "0")) > limit_bytes:
            raise _too_large(limit_bytes)
        await self.app(scope, self._counted(receive, limit_bytes), send)

    def _counted(self, receive: Receive, limit_bytes: int) -> Receive:
        loop = asyncio.get_running_loop()
        began, taken, complete = loop.time(), 0, False

        async def counted() -> Message:
            nonlocal taken, complete
            if complete:  # what comes now is the disconnect, which may take as long as it likes
                return await receive()
            try:
                async with asyncio.timeout_at(began + RECEIPT_S + taken / SLOWEST_BYTES_PER_S):
                    message = await receive()
            except TimeoutError as error:
                raise Problem(408, "The body did not arrive in time.", headers={"Connection": "close"}) from error
            taken += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if taken > limit_bytes:
                raise _too_large(limit_bytes)
            return message

        return counted


def _address(scope: Scope) -> tuple[str, str]:
    """Method and path; all signed addresses of files count as one."""
    return (scope["method"], STORAGE if scope["path"].startswith(STORAGE) else scope["path"])


def _too_large(limit_bytes: int) -> Problem:
    return Problem(413, f"The body is larger than {limit_bytes:,} bytes.", headers={"Connection": "close"})
