"""Lists by pages: a cursor says after which item to go on, so that a page costs the same at any depth."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Query

from api.problems import Problem

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1000, description="most items to answer with")]
Cursor = Annotated[str | None, Query(max_length=8192, description="next_cursor of the page before")]
Total = Annotated[bool, Query(description="also count all items")]


def decode(cursor: str | None, of: str, *kinds: type) -> tuple[Any, ...] | None:
    """The place the cursor names in the list `of`; None at the start. Raises Problem 400 for one that this list did not give."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = orjson.loads(text[8:])
    except (binascii.Error, ValueError, UnicodeError) as error:
        raise bad_cursor() from error
    if text[:8] != _seal(of, text[8:]) or [type(item) for item in place] != list(kinds):
        raise bad_cursor()
    return tuple(place)


def encode(of: str, *place: Any) -> str:
    text = orjson.dumps(place)
    return base64.urlsafe_b64encode(_seal(of, text) + text).rstrip(b"=").decode()


def split(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """The page, and its last item when there is more behind it; `found` was asked for with one item more than `limit`."""
    return (found[:limit], found[limit - 1]) if len(found) > limit else (found, None)


def _seal(of: str, text: bytes) -> bytes:
    """Not a secret: a cursor reaches nothing that its list does not. It tells a mangled one from a good one."""
    return hashlib.sha256(of.encode() + b"\0" + text).digest()[:8]


def bad_cursor() -> Problem:
    return Problem(400, "This cursor is not one that this list gave.")
