"""A short way in for points, which come by the thousand: routing and dependencies would take longer than the points do.

It answers what the route in routes/points.py answers, which describes it and takes what this leaves alone (a query, another method).
"""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Caller
from api.envelope import BASE
from api.parts import Parts
from api.routes import points

PATH = re.compile(BASE + r"/runs/([A-Za-z0-9]{1,32})/points")


class Lane:
    def __init__(self, app: ASGIApp, parts: Callable[[], Parts]) -> None:
        self.app = app
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"] else None
        if match is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = points.router.routes[0]
        caller: Caller = scope["caller"]
        caller.must_be("member")
        answer = await points.append(Request(scope, receive), self.parts(), caller, match[1])
        await answer(scope, receive, send)
