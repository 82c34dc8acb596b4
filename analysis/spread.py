"""How some values spread: sums that are exact, so that the order of the values changes no bit and the largest do not overflow."""

import math
import statistics
from collections.abc import Callable, Sequence
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


def part_of(values: Sequence[float], part: str) -> float | None:
    """One part of the spread, by its name, for less than all of it; None where the spread has none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    plain: dict[str, Callable[[Sequence[float]], float]] = {"mean": _mean, "min": min, "max": max, "n": len}
    return plain[part](finite) if part in plain else _mean_and_deviation(finite)[1]


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return statistics.mean(values)


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
