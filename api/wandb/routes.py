"""The addresses that the wandb SDK is made for; they are no part of the interface in docs/api.md, which is why OpenAPI does not list them."""

from typing import Any

import orjson
from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import hosts, strict_json
from api.deps import Service, Viewer
from api.problems import Problem
from api.wandb import graphql
from api.wandb.asking import Asking

router = APIRouter(include_in_schema=False)

LONGEST_QUERY = 200_000
Variables = dict[str, Any] | None


@router.post("/graphql")
async def ask(request: Request, parts: Service, caller: Viewer) -> Response:
    query, variables, operation = read(await request.body())
    asking = Asking(parts, caller, dict(request.headers), hosts.base_url(request, parts.settings))
    answer = await to_thread.run_sync(graphql.answer, asking, query, variables, operation)
    return Response(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


def read(body: bytes) -> tuple[str, Variables, str | None]:
    """Raises Problem 400 for what is no GraphQL request."""
    asked = strict_json.loads(body)
    query, variables, operation = (asked.get(name) for name in ("query", "variables", "operationName")) if isinstance(asked, dict) else (None,) * 3
    if not isinstance(query, str) or not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise Problem(400, 'This address takes {"query": text, "variables": object, "operationName": text}.')
    if len(query) > LONGEST_QUERY:
        raise Problem(400, f"A query takes at most {LONGEST_QUERY:,} characters; got {len(query):,}.")
    return query, variables, operation


@router.post("/sdk/otel/v1/{kind}")
async def telemetry(kind: str) -> Response:
    """What the SDK tells its makers of itself is not read, kept or passed on; an error would make it say so to its user."""
    return Response(media_type="application/x-protobuf")
