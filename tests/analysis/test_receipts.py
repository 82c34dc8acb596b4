"""Receipts: one form of JSON for everybody, and a signature that no change survives."""

import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from analysis import receipts
from analysis.receipts import NotGenuine

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OURS = receipts.key_text(KEY.public_key().public_bytes_raw())
CONTENT = {
    "rerun": {"run": "bbb", "node": None},
    "verdict": {"outcome": "different", "first_difference": {"original": -0.0, "rerun": 5e-324, "ulps": 1}, "reason": "Größe €"},
}


def receipt(**content: Any) -> bytes:
    return receipts.signed({**CONTENT, **content}, KEY.private_bytes_raw())


class TestCanonical:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            # RFC 8785, appendix B, by their bits.
            pytest.param(float.fromhex("0x0.0000000000001p-1022"), "5e-324", id="the smallest"),
            pytest.param(float.fromhex("0x1.fffffffffffffp+1023"), "1.7976931348623157e+308", id="the largest"),
            pytest.param(9007199254740992.0, "9007199254740992", id="2^53"),
            pytest.param(295147905179352830000.0, "295147905179352830000", id="2^68"),
            pytest.param(9.999999999999997e22, "9.999999999999997e+22", id="below 1e23"),
            pytest.param(1e23, "1e+23", id="1e23"),
            pytest.param(999999999999999900000.0, "999999999999999900000", id="21 places"),
            pytest.param(1e21, "1e+21", id="22 places"),
            pytest.param(9.999999999999997e-7, "9.999999999999997e-7", id="below 1e-6"),
            pytest.param(0.000001, "0.000001", id="1e-6"),
            pytest.param(333333333.3333332, "333333333.3333332", id="a fraction"),
            pytest.param(-0.0000033333333333333333, "-0.0000033333333333333333", id="a small negative one"),
            pytest.param(1424953923781206.2, "1424953923781206.2", id="a large fraction"),
            pytest.param(2.0, "2", id="a whole number"),
            pytest.param(-0.0, "-0.0", id="minus zero, kept"),
            pytest.param(2**63 + 1, "9223372036854775809", id="beyond float64, kept"),
        ],
    )
    def test_writes_numbers_as_the_rfc_has_them(self, value: float, text: str) -> None:
        assert receipts.canonical(value).decode() == text

    def test_sorts_keys_by_their_utf_16_units(self) -> None:
        # RFC 8785, section 3.2.3.
        keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

        text = receipts.canonical(dict.fromkeys(keys, 0)).decode()

        assert list(json.loads(text)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]

    def test_escapes_no_more_than_it_must(self) -> None:
        assert receipts.canonical('€$\x0f\nA\'B"\\\\"/').decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_keeps_every_float64_to_the_bit(self, value: float) -> None:
        again = float(json.loads(receipts.canonical(value)))

        assert (again, math.copysign(1, again)) == (value, math.copysign(1, value))

    @pytest.mark.parametrize("value", [math.nan, math.inf, object(), "\ud800"], ids=["NaN", "infinity", "an object", "half a character"])
    def test_refuses_what_json_has_not(self, value: Any) -> None:
        with pytest.raises(ValueError):
            receipts.canonical(value)


class TestReceipt:
    def test_is_opened_by_the_key_that_signed_it(self) -> None:
        opened = receipts.opened(receipt(), {OURS})

        assert opened["verdict"] == CONTENT["verdict"]
        assert opened["key"] == OURS
        assert receipts.opened(receipt() + b"\n", {OURS}) == opened

    def test_signed_twice_is_the_same_bytes(self) -> None:
        assert receipt() == receipt()

    def test_with_any_bit_changed_is_not_genuine(self) -> None:
        file = receipt()

        for place in range(len(file)):
            for bit in (1, 32):  # 32 turns small letters into capital ones
                changed = bytearray(file)
                changed[place] ^= bit
                with pytest.raises(NotGenuine):
                    receipts.opened(bytes(changed), {OURS})

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda file: file[:-1], id="cut off"),
            pytest.param(lambda file: file + b" ", id="a space behind"),
            pytest.param(lambda file: json.dumps(json.loads(file), indent=2).encode(), id="written with spaces"),
            pytest.param(lambda file: file.replace(b'{"key"', b'{"key":"","key"'), id="a key twice"),
            pytest.param(lambda file: b"", id="empty"),
            pytest.param(lambda file: b"[" * 100_000, id="too deep"),
            pytest.param(lambda file: b"[]", id="another document"),
            pytest.param(lambda file: b'"' + b"a" * receipts.MOST_BYTES + b'"', id="too large"),
            pytest.param(lambda file: b"\xff", id="no text"),
        ],
    )
    def test_in_any_other_form_is_not_genuine(self, change: Any) -> None:
        with pytest.raises(NotGenuine):
            receipts.opened(change(receipt()), {OURS})

    def test_signed_by_somebody_else_is_not_genuine(self) -> None:
        theirs = receipts.signed(CONTENT, bytes(32))

        with pytest.raises(NotGenuine, match="names the key"):
            receipts.opened(theirs, {OURS})

    def test_signed_by_somebody_else_in_our_name_is_not_genuine(self) -> None:
        theirs = json.loads(receipts.signed(CONTENT, bytes(32)))

        with pytest.raises(NotGenuine, match="signature does not fit"):
            receipts.opened(receipts.canonical({**theirs, "key": OURS}), {OURS})
