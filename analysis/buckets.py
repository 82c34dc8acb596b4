"""Downsampling that never hides a spike: every bucket keeps its first, last, smallest and largest value, its mean and its counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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


def bucket(x: NDArray[np.float64] | NDArray[np.int64], steps: NDArray[np.int64], values: NDArray[np.float64], number: int) -> Buckets:
    """The points in `number` buckets of equal width over x; empty ones are left out. `x` ascends and holds at least one point."""
    starts = _starts(x, number)
    ends = np.append(starts[1:], len(x)) - 1
    counts = np.diff(starts, append=len(x))
    finite = np.isfinite(values)
    if finite.all():
        finite_counts, low, high = counts, values, values
    else:
        finite_counts = np.add.reduceat(finite.astype(np.int64), starts)
        low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    some = finite_counts > 0
    return Buckets(
        steps=steps[starts],
        x=np.asarray(x[starts], np.float64),
        mean=np.where(some, _means(values, finite, starts, finite_counts), np.nan),
        min=np.where(some, np.minimum.reduceat(low, starts), np.nan),
        max=np.where(some, np.maximum.reduceat(high, starts), np.nan),
        first=values[starts],
        last=values[ends],
        counts=counts,
        non_finite=counts - finite_counts,
    )


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


def _means(
    values: NDArray[np.float64], finite: NDArray[np.bool_], starts: NDArray[np.int64], finite_counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    usable = values if finite.all() else np.where(finite, values, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(usable, starts)
    if np.isfinite(sums).all():
        return np.asarray(sums / np.maximum(finite_counts, 1), np.float64)
    # Divided before they are added: two values near the largest float64 have a mean, though not a sum.
    shares = usable / np.repeat(np.maximum(finite_counts, 1), np.diff(starts, append=len(values)))
    return np.asarray(np.add.reduceat(shares, starts), np.float64)
