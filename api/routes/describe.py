"""What a route says of itself in the OpenAPI document: the form of its answer, an example of it and of its body."""

from typing import Any

import orjson

EXAMPLE = "x-example"  # as JSON text, which api/openapi.py puts in its place: FastAPI would drop its nulls


def answers(form: Any, example: Any, status: int = 200) -> dict[str, Any]:
    """Keyword arguments for a route whose answers are written by hand: `@router.get("/runs", **answers(RunPage, EXAMPLE))`."""
    return {
        "status_code": status,
        "response_model": None,
        "responses": {status: {"model": form, "content": {"application/json": _media(example)}}},
    }


def takes(example: Any) -> dict[str, Any]:
    """`openapi_extra` of a route with a JSON body."""
    return {"requestBody": {"content": {"application/json": _media(example)}}}


def _media(example: Any) -> dict[str, str]:
    return {EXAMPLE: orjson.dumps(example).decode()}
