"""Signed addresses for files: who holds one may put or get that one file for a while, without a key, since none is sent there."""

import hmac
import time
from urllib.parse import quote, urlencode

from api.parts import Parts
from api.problems import Problem

BASE = "/storage/"
GOOD_FOR_S = 24 * 3600


def to_put(parts: Parts, base_url: str, run_id: str, name: str) -> str:
    return _link(parts, base_url, "put", f"runs/{run_id}/{name}")


def to_get(parts: Parts, base_url: str, artifact_id: str) -> str:
    return _link(parts, base_url, "get", f"files/{artifact_id}")


def to_put_version(parts: Parts, base_url: str, version_id: str, name: str) -> str:
    return _link(parts, base_url, "put", f"versions/{version_id}/{name}")


def to_get_version(parts: Parts, base_url: str, version_id: str, name: str) -> str:
    return _link(parts, base_url, "get", f"versions/{version_id}/{name}")


def must_be_good(parts: Parts, act: str, path: str, until: str, sign: str) -> None:
    """Raises Problem 403 for an address that was not given out, for another act than this, or whose time is over."""
    if not until.isdecimal() or len(until) > 12 or not hmac.compare_digest(_tag(parts, act, path, until).encode(), sign.encode()):
        raise Problem(403, "This address was not given out by this service, or not for this.")
    if int(until) < time.time():
        raise Problem(403, "This address was good for a day, which is over; ask for a new one.")


def _link(parts: Parts, base_url: str, act: str, path: str) -> str:
    until = str(int(time.time()) + GOOD_FOR_S)
    return f"{base_url}{BASE}{quote(path)}?{urlencode({'until': until, 'sign': _tag(parts, act, path, until)})}"


def _tag(parts: Parts, act: str, path: str, until: str) -> str:
    return parts.signing.tag(f"{act} {until} {path}")
