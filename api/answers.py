"""Answers as bytes: plain documents written by orjson, float64 to the last bit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from store.moments import rfc3339 as rfc3339

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True)
class Answer:
    """A response before it is sent, as it can be kept. `replayed` when it was kept for an earlier request."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False

    @classmethod
    def of(cls, status: int, document: Any, **headers: str) -> "Answer":
        return cls(status, orjson.dumps(document, option=OPTIONS), dict(headers))

    def response(self) -> Response:
        return Response(self.body, self.status, self.headers, "application/json" if self.body else None)


def document(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response that says `value`, which holds no NaN: see api/numbers.py."""
    return Response(orjson.dumps(value, option=OPTIONS), status, dict(headers or {}), "application/json")


def rfc3339_or_null(moment: float | None) -> str | None:
    return None if moment is None else rfc3339(moment)
