"""JSON as RFC 8259 has it and no more: what two readers could take for two different things is refused with 400."""

import json
import re
from typing import Any

import msgpack
import orjson
from starlette.requests import Request

from api.problems import Problem

MAX_DEPTH = 64
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?', re.DOTALL)
_LONG_NUMBER = re.compile(rb"(?<![0-9.])[0-9]{19}")  # a run of digits that may be an integer beyond 64 bits; a fraction is none
_NESTED = frozenset({dict, list})


class BadBody(Problem):
    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


def loads(body: bytes) -> Any:
    """The document. Raises BadBody for bare NaN, numbers beyond float64 or 64-bit integers, lone surrogates, NULs, doubled keys, depth over 64."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadBody(f"The body is not valid JSON: {error}.") from error
    keys = _count_keys(value, 1)
    if keys != count_named(body):
        raise BadBody("The body names a key twice in one object.")
    if b"\\u0000" in body:
        refuse_nul(value)
    if _LONG_NUMBER.search(body):
        json.loads(body, parse_int=_integer)
    return value


def count_named(body: bytes) -> int:
    """How many values the objects of a JSON text give names to, those named twice counted twice."""
    return sum(1 for string in _STRING.finditer(body) if string[1])


def unpack(body: bytes) -> Any:
    """The MessagePack document, under the same rules; NaN and the infinities may be native floats here. Raises BadBody."""
    try:
        value = msgpack.unpackb(body, raw=False, strict_map_key=True, object_pairs_hook=_without_doubles)
    except BadBody:
        raise
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise BadBody(f"The body is not valid MessagePack: {str(error)[:200] or type(error).__name__}.") from error
    _count_keys(value, 1)
    if b"\0" in body:
        refuse_nul(value)
    return value


def media_type(request: Request) -> str:
    """The body's type without parameters, in lower case; empty when none is named. Raises 415 for text in another encoding than UTF-8."""
    named, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if charset and charset not in ("utf-8", "utf8"):
        raise Problem(415, f"Text is taken in UTF-8, not {charset[:40]!r}.")
    return named.strip().lower()


def must_be_json(request: Request) -> None:
    """Raises 415."""
    given = media_type(request)
    if given != "application/json" and not given.endswith("+json"):
        raise Problem(415, f"This takes application/json, not {given[:80]!r}." if given else "Say Content-Type: application/json.")


def refuse_nul(value: Any) -> None:
    """Raises BadBody when some string holds a NUL, which PostgreSQL cannot keep."""
    if isinstance(value, str):
        if "\0" in value:
            raise BadBody("The body has a NUL in a string.")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_nul(key)
            refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            refuse_nul(item)


def _count_keys(value: Any, depth: int) -> int:
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        raise BadBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return len(value) + sum(_count_keys(item, depth + 1) for item in value.values() if isinstance(item, dict | list))
    if isinstance(value, list):
        # A column of a million numbers passes here: no step of Python's for each of them.
        if _NESTED.isdisjoint(map(type, value)):
            return 0
        return sum(_count_keys(item, depth + 1) for item in value if item.__class__ is dict or item.__class__ is list)
    return 0


def _integer(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**64:
        raise BadBody(f"The body has an integer beyond 64 bits: {text[:30]}...")
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadBody("The body names a key twice in one map.")
    return found
