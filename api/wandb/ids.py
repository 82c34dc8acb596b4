"""The opaque ids that the SDK is given and gives back: what kind of thing it is, and our own id of it, in base64 (as Relay has it)."""

import base64
import binascii

from api.problems import Problem

LONGEST = 600


def opaque(kind: str, own: str) -> str:
    return base64.b64encode(f"{kind}:{own}".encode()).decode()


def is_of(kind: str, text: str) -> bool:
    """Whether the id says that it is of a thing of this kind."""
    try:
        return base64.b64decode(text[:LONGEST], validate=True).startswith(f"{kind}:".encode())
    except ValueError:
        return False


def own(kind: str, text: str) -> str:
    """Our id of a thing of this kind. Raises Problem 404 for what we never gave."""
    try:
        said, _, found = base64.b64decode(text[:LONGEST], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        said, found = "", ""
    if said != kind or not found or "\0" in found:
        raise Problem(404, f"There is no {kind.lower()} with the id {text[:80]!r}.")
    return found


def number(own: str) -> int:
    """A thing's id as a number of 53 bits: the SDK has some ids as numbers in text."""
    return int.from_bytes(own.encode(), "big") % (1 << 53)
