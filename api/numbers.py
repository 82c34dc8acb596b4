"""Float64 in JSON: finite numbers as numbers, the others as the strings "NaN", "Infinity" and "-Infinity", in and out."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.ulps import in_json

NonFinite = Literal["NaN", "Infinity", "-Infinity"]
Number = float | NonFinite
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(value: float) -> Number:
    return in_json(value)  # type: ignore[return-value]


def out(value: float | None) -> Number | None:
    return None if value is None else number(value)


def column(values: NDArray[np.float64], null_for_nan: bool = False) -> NDArray[np.float64] | list[Number | None]:
    """The column as orjson writes it rightly: it would write null for what is not finite."""
    if np.isfinite(values).all():
        return np.ascontiguousarray(values)
    return [None if null_for_nan and math.isnan(value) else out(value) for value in values.tolist()]
