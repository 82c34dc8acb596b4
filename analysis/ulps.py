"""How far two floating-point values lie apart, counted in representable values, and how they are written in JSON."""

import math
import struct
from typing import Literal

Format = Literal["float32", "float64"]


def distance(a: float, b: float) -> tuple[int | None, Format]:
    """Units in the last place from `a` to `b`, and the format they are counted in: float32 when both values are exact in it, else float64.

    0.0 and -0.0 lie 0 apart, though their bits differ. None when either value is NaN or infinite: neither is a place on the scale.
    """
    format_: Format = "float32" if _is_float32(a) and _is_float32(b) else "float64"
    if not (math.isfinite(a) and math.isfinite(b)):
        return None, format_
    return abs(_place(a, format_) - _place(b, format_)), format_


def in_json(value: float) -> float | str:
    """A finite number as it is; the others as the strings "NaN", "Infinity" and "-Infinity"."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _is_float32(value: float) -> bool:
    try:
        return math.isnan(value) or struct.unpack("f", struct.pack("f", value))[0] == value
    except OverflowError:  # beyond float32's largest
        return False


def _place(value: float, format_: Format) -> int:
    """The value's place among all finite values of its format in ascending order, zero being 0."""
    number, bits = ("f", "I") if format_ == "float32" else ("d", "Q")
    (magnitude,) = struct.unpack(f"={bits}", struct.pack(f"={number}", abs(value)))
    return -int(magnitude) if value < 0 else int(magnitude)
