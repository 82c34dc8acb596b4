"""Receipts: what a verdict says, signed, in a form that is the same bytes for everybody (RFC 8785) and needs no service to be checked (RFC 8032).

    {"kind": "runtwice.receipt", ..., "key": "ed25519:<64 hex digits>", "signature": "<128 hex digits>"}

The signature is over the canonical form of the receipt without `signature`. The file is the canonical form of all of it, to the byte.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from math import copysign, isfinite
from typing import Any

KIND = "runtwice.receipt"
VERSION = 1
PREFIX = "ed25519:"
KEY = re.compile(r"ed25519:[0-9a-f]{64}")
SIGNATURE = re.compile(r"[0-9a-f]{128}")
MOST_BYTES = 1_000_000
SAFE = 2**53


class NotGenuine(Exception):
    """A file that is no receipt, or one that is not as it was signed; `str(error)` says why."""


def canonical(value: Any) -> bytes:
    """The one form of a JSON value: keys sorted, no spaces, the shortest exact numbers (RFC 8785). Raises ValueError for what has none."""
    return _text(value).encode()


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def signed(content: Mapping[str, Any], private_key: bytes) -> bytes:
    """The receipt as a file: the content with `kind`, `version`, `key` and `signature`. The key is the 32 bytes of RFC 8032."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(private_key)
    whole = {"kind": KIND, "version": VERSION, **content, "key": key_text(key.public_key().public_bytes_raw())}
    return canonical({**whole, "signature": key.sign(canonical(whole)).hex()})


def opened(file: bytes, keys: set[str]) -> dict[str, Any]:
    """The content of a receipt that one of the keys signed. Raises NotGenuine for any other file; one end of line at its end does no harm."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    receipt = _read(file.removesuffix(b"\n").removesuffix(b"\r"))
    if receipt["key"] not in keys:
        raise NotGenuine(f"It names the key {receipt['key']}, which is not {'the one' if len(keys) == 1 else 'one of those'} it is checked against.")
    unsigned = {name: value for name, value in receipt.items() if name != "signature"}
    try:
        Ed25519PublicKey.from_public_bytes(key_bytes(receipt["key"])).verify(bytes.fromhex(receipt["signature"]), canonical(unsigned))
    except InvalidSignature as error:
        raise NotGenuine("The signature does not fit: the receipt was changed, or another key signed it.") from error
    return receipt


def key_text(public_key: bytes) -> str:
    return PREFIX + public_key.hex()


def key_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix(PREFIX))


def _read(file: bytes) -> dict[str, Any]:
    if len(file) > MOST_BYTES:
        raise NotGenuine("It is no receipt: it is larger than a receipt can be.")
    try:
        receipt = json.loads(file.decode(), parse_constant=_no_constant)
        is_canonical = canonical(receipt) == file
    except (ValueError, RecursionError) as error:
        raise NotGenuine(f"It is no receipt: it cannot be read as JSON ({error}).") from error
    if not isinstance(receipt, dict) or receipt.get("kind") != KIND or receipt.get("version") != VERSION:
        raise NotGenuine(f"It is no receipt of Runtwice, or one of another version than {VERSION}.")
    if not is_canonical:
        raise NotGenuine("It is not in the form in which it was signed: some byte was changed, were it only a space.")
    if not (_fits(KEY, receipt.get("key")) and _fits(SIGNATURE, receipt.get("signature"))):
        raise NotGenuine("It bears no key or no signature.")
    return receipt


def _fits(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list() | tuple():
            return f"[{','.join(map(_text, value))}]"
        case Mapping():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return f"{{{','.join(f'{_text(key)}:{_text(value[key])}' for key in keys)}}}"
    raise ValueError(f"{type(value).__name__} is no value of JSON")


def _number(value: float) -> str:
    """As JavaScript writes it (ECMA-262, Number::toString): the shortest digits that are the same float64, an exponent beyond 21 places or below -6.

    Exact where JavaScript is not: integers that float64 cannot hold by their digits, and -0.0, which it would write as 0.
    """
    if isinstance(value, int) and abs(value) > SAFE:
        return str(value)
    if not isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    if value == 0:
        return "-0.0" if copysign(1.0, value) < 0 else "0"
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    text, minus = "".join(map(str, digits)), "-" if sign else ""
    point = len(text) + int(exponent)  # where the point stands, counted from the first digit
    if len(text) <= point <= 21:
        return f"{minus}{text}{'0' * (point - len(text))}"
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    tail = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"
