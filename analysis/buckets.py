"""Downsampling that never hides a spike: every bucket keeps its first, last, smallest and largest value, its mean and its counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 64


@dataclass(frozen=True)
class Buckets:
    """Columns with one row for each bucket that holds a point, in ascending order of x.

    `steps` is the first step in the bucket; mean, min and max are over its finite values and NaN when it has none;
    first and last are the bucket's own, finite or not; `counts` counts all its points and `non_finite` those that are NaN or infinite.
    """

    steps: NDArray[np.int64]
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    counts: NDArray[np.int64]
    non_finite: NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """Where points lie in buckets: at which of them each bucket that holds one begins, and how many it holds.

    `width` is that number when it is the same for all, else 0. Series with the same steps share one grid.
    """

    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    width: int


def bucket(x: NDArray[np.float64] | NDArray[np.int64], steps: NDArray[np.int64], values: NDArray[np.float64], number: int) -> Buckets:
    """The points in `number` buckets of equal width over x; empty ones are left out. `x` ascends and holds at least one point."""
    return summed(grid(x, number), x, steps, values)


def grid(x: NDArray[np.float64] | NDArray[np.int64], number: int) -> Grid:
    starts = _starts(x, number)
    counts = np.append(starts[1:], len(x)) - starts
    return Grid(starts, counts, int(counts[0]) if bool((counts == counts[0]).all()) else 0)


def summed(at: Grid, x: NDArray[np.float64] | NDArray[np.int64], steps: NDArray[np.int64], values: NDArray[np.float64]) -> Buckets:
    """What each bucket of the grid holds."""
    finite = np.isfinite(values)
    if finite.all():
        finite_counts, low, high = at.counts, values, values
    else:
        finite_counts = np.add.reduceat(finite.astype(np.int64), at.starts)
        low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    some = finite_counts > 0
    return Buckets(
        steps=steps[at.starts],
        x=np.asarray(x[at.starts], np.float64),
        mean=np.where(some, _means(at, values, finite, finite_counts), np.nan),
        min=np.where(some, _reduced(np.minimum, at, low), np.nan),
        max=np.where(some, _reduced(np.maximum, at, high), np.nan),
        first=values[at.starts],
        last=values[at.starts + at.counts - 1],
        counts=at.counts,
        non_finite=at.counts - finite_counts,
    )


def _reduced(function: np.ufunc, at: Grid, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The function over each bucket's values."""
    if 1 < at.width <= MOST_ROWS:  # row by row of the transposed table: several times as fast as bucket by bucket
        return np.asarray(function.reduce(np.ascontiguousarray(values.reshape(-1, at.width).T), axis=0), np.float64)
    return np.asarray(function.reduceat(values, at.starts), np.float64)


def _starts(x: NDArray[np.float64] | NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Where each bucket that holds a point begins."""
    span = x[-1] - x[0]
    if span <= 0:
        return np.zeros(1, np.int64)
    if np.issubdtype(x.dtype, np.integer) and int(span) < 2**62 // number:
        # Integers stay integers: float64 cannot tell steps beyond 2^53 / number apart.
        # Bucket k begins at the least x with (x - x0) * number >= k * span.
        bounds = -(-np.arange(number, dtype=np.int64) * int(span) // number) + x[0]
        starts = np.searchsorted(x, bounds)
        return np.asarray(starts[np.diff(starts, append=len(x)) > 0], np.int64)
    place = np.minimum((x - x[0]) / span * number, number - 1).astype(np.int64)
    return np.asarray(np.flatnonzero(np.diff(place, prepend=-1)), np.int64)


def _means(at: Grid, values: NDArray[np.float64], finite: NDArray[np.bool_], finite_counts: NDArray[np.int64]) -> NDArray[np.float64]:
    usable = values if finite.all() else np.where(finite, values, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _reduced(np.add, at, usable)
    if np.isfinite(sums).all():
        return np.asarray(sums / np.maximum(finite_counts, 1), np.float64)
    # Divided before they are added: two values near the largest float64 have a mean, though not a sum.
    shares = usable / np.repeat(np.maximum(finite_counts, 1), at.counts)
    return np.asarray(np.add.reduceat(shares, at.starts), np.float64)
