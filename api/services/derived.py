"""Secrets that are told once and stored nowhere, and yet can be told again to whoever was told them: a kept answer holds a salt, not the secret."""

import hashlib
import hmac
import secrets

from api.auth import Caller
from store import keys

SALT = "X-Salt"  # of a kept answer; never sent


def new_salt() -> str:
    return secrets.token_hex(32)


def letters(caller: Caller, salt: str) -> str:
    """40 letters and digits that look random to whoever lacks either part, the caller's own secret or the salt."""
    number = int.from_bytes(hmac.digest(caller.secret.encode(), salt.encode(), hashlib.sha512), "big")
    found = []
    for _ in range(40):
        number, place = divmod(number, len(keys.LETTERS))
        found.append(keys.LETTERS[place])
    return "".join(found)
