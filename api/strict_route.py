"""Routes that take what they know and nothing else: JSON by the letter, no unknown query parameter, no NUL."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio import to_thread
from fastapi import params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api import strict_json
from api.pointers import FieldError, escaped
from api.problems import Problem

QUICK_BYTES = 50_000


class StrictRequest(Request):
    """A request whose JSON is read by the letter."""

    async def json(self) -> Any:
        body = await self.body()
        if len(body) > QUICK_BYTES:
            return await to_thread.run_sync(strict_json.loads, body)  # megabytes must not hold the loop
        return strict_json.loads(body)


class StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = {field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)}
        takes_json = self.body_field is not None

        async def strict(request: Request) -> Response:
            _refuse_unknown(request, known)
            if takes_json and _has_body(request):
                strict_json.must_be_json(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _refuse_unknown(request: Request, known: set[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        errors = [FieldError(f"/{escaped(name[:100])}", f"is not a parameter of this address; {takes}") for name in unknown[:20]]
        raise Problem(422, f"{unknown[0][:100]!r} is not a parameter of this address; {takes}.", errors=errors)
    texts = [*request.query_params.values(), *map(str, request.path_params.values())]
    if any("\0" in text for text in texts):
        raise Problem(400, "The address has a NUL in it.")


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
