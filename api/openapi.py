"""The OpenAPI document: what FastAPI knows of the routes, with the one form of all errors and the two ways to sign in."""

from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from api.auth import COOKIE, is_open
from api.routes.describe import EXAMPLE
from api.schemas.others import ProblemShown
from api.schemas.points import PointColumns

REF = "#/components/schemas/{model}"
PROBLEM: dict[str, Any] = {
    "description": "A problem (RFC 9457)",
    "content": {
        "application/problem+json": {
            "schema": {"$ref": "#/components/schemas/ProblemShown"},
            "example": {
                "type": "about:blank",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "config.optimizer.lr: takes a finite number above 0; got -1",
                "errors": [{"pointer": "/config/optimizer/lr", "detail": "takes a finite number above 0; got -1"}],
            },
        }
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """Made once for an application."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for form in (ProblemShown, PointColumns):
        schema = TypeAdapter(form).json_schema(ref_template=REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[form.__name__] = schema
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key: rt- and 40 letters and digits"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The page's session; other sites' requests are refused"},
    }
    for path, operations in found["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                _put_examples(part)
            operation["responses"]["default"] = PROBLEM
            operation["security"] = [] if is_open(path) else [{"key": []}, {"session": []}]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return found


def _put_examples(part: dict[str, Any]) -> None:
    for media in part.get("content", {}).values():
        if EXAMPLE in media:
            media["example"] = orjson.loads(media.pop(EXAMPLE))
