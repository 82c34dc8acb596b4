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
    place = _places(x, number)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    ends = np.append(starts[1:], len(place)) - 1
    finite = np.isfinite(values)
    counts = np.add.reduceat(np.ones(len(values), np.int64), starts)
    finite_counts = np.add.reduceat(finite.astype(np.int64), starts)
    some = finite_counts > 0
    return Buckets(
        steps=steps[starts],
        x=np.asarray(x[starts], np.float64),
        mean=np.where(some, _means(values, finite, starts, finite_counts), np.nan),
        min=np.where(some, np.minimum.reduceat(np.where(finite, values, np.inf), starts), np.nan),
        max=np.where(some, np.maximum.reduceat(np.where(finite, values, -np.inf), starts), np.nan),
        first=values[starts],
        last=values[ends],
        counts=counts,
        non_finite=counts - finite_counts,
    )


def _places(x: NDArray[np.float64] | NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """The bucket of each point, ascending. Integers stay integers: float64 cannot tell steps beyond 2^53 / number apart."""
    span = x[-1] - x[0]
    if span <= 0:
        return np.zeros(len(x), np.int64)
    offset = x - x[0]
    if np.issubdtype(x.dtype, np.integer) and int(span) < 2**62 // number:
        return np.asarray(np.minimum(offset.astype(np.int64) * number // int(span), number - 1), np.int64)
    return np.asarray(np.minimum(offset / span * number, number - 1), np.int64)


def _means(values: NDArray[np.float64], finite: NDArray[np.bool_], starts: NDArray[np.intp], finite_counts: NDArray[np.int64]) -> NDArray[np.float64]:
    # Divided before they are added: two values near the largest float64 have a mean, though not a sum.
    shares = np.where(finite, values, 0.0) / np.repeat(np.maximum(finite_counts, 1), np.diff(np.append(starts, len(values))))
    return np.asarray(np.add.reduceat(shares, starts), np.float64)
