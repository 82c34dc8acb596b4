"""How some values spread: sums that are exact, so that the order of the values changes no bit and the largest do not overflow."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Of finite values; `sd` is of a sample, None for one value."""

    mean: float
    sd: float | None
    min: float
    max: float
    n: int


def spread(values: Sequence[float]) -> Spread | None:
    """None without a finite value."""
    finite = [value for value in values if math.isfinite(value)]
    return Spread(*_mean_and_deviation(finite), min(finite), max(finite), len(finite)) if finite else None


def _mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    try:
        mean = math.fsum(values) / len(values)
        if len(values) < 2:
            return mean, None
        with np.errstate(over="ignore"):
            squares = math.fsum((np.asarray(values, np.float64) - mean) ** 2)
        if math.isfinite(squares):
            return mean, math.sqrt(squares / (len(values) - 1))
    except OverflowError:
        pass
    return statistics.mean(values), _slow_deviation(values)


def _slow_deviation(values: Sequence[float]) -> float | None:
    """By fractions, which know no largest value."""
    if len(values) < 2:
        return None
    try:
        return statistics.stdev(values)
    except OverflowError:
        return math.inf
