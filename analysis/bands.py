"""The band of many curves: at every step how many there are, their mean, the least and the largest of them; curve by curve, in little memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Values = NDArray[np.float64]
MOST_GRIDS = 64  # kept apart, since curves with the same steps are added without looking


@dataclass(frozen=True)
class Columns:
    """Of one length, steps ascending, each with at least one value; `count` is of values."""

    steps: Steps
    mean: Values
    low: Values
    high: Values
    count: NDArray[np.int64]


@dataclass(frozen=True)
class _Sums:
    """Over the curves that have these steps; `count` is 0, and `low` above `high`, where none had a finite value."""

    steps: Steps
    total: Values
    low: Values
    high: Values
    count: NDArray[np.int64]

    @classmethod
    def none(cls, steps: Steps) -> "_Sums":
        size = len(steps)
        return cls(steps, np.zeros(size), np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size, np.int64))

    def add(self, values: Values) -> None:
        finite = np.isfinite(values)
        np.add(self.total, values, out=self.total, where=finite)
        np.minimum(self.low, values, out=self.low, where=finite)
        np.maximum(self.high, values, out=self.high, where=finite)
        np.add(self.count, 1, out=self.count, where=finite)


class Bands:
    """Values that are not finite are left out: what diverged shows as fewer curves."""

    def __init__(self) -> None:
        self._grids: dict[bytes, _Sums] = {}

    def add(self, steps: Steps, values: Values) -> None:
        """A curve, its steps ascending."""
        if not len(steps):
            return
        grid = steps.tobytes()
        if grid not in self._grids:
            if len(self._grids) >= MOST_GRIDS:
                self._grids = {b"": self._merged()}
            self._grids[grid] = _Sums.none(steps)
        with np.errstate(over="ignore"):
            self._grids[grid].add(values)

    def columns(self, most: int) -> Columns:
        """Empty without a finite value. Where the curves have more than `most` different steps, neighbours share a row: the last of their steps."""
        sums = self._merged()
        if len(sums.steps) > most:
            span = int(sums.steps[-1] - sums.steps[0]) + 1
            cells = (sums.steps - sums.steps[0]) * most // span
            starts = np.flatnonzero(np.diff(cells, prepend=-1))
            ends = np.append(starts[1:], len(cells)) - 1
            sums = _reduced(sums, starts, sums.steps[ends])
        held = sums.count > 0
        means = sums.total[held] / sums.count[held]
        return Columns(sums.steps[held], means, sums.low[held], sums.high[held], sums.count[held])

    def _merged(self) -> _Sums:
        grids = list(self._grids.values())
        if not grids:
            return _Sums.none(np.zeros(0, np.int64))
        if len(grids) == 1:
            return grids[0]
        steps = np.concatenate([each.steps for each in grids])
        order = np.argsort(steps, kind="stable")
        joined = {name: np.concatenate([getattr(each, name) for each in grids])[order] for name in ("total", "low", "high", "count")}
        starts = np.flatnonzero(np.diff(steps[order], prepend=-1))
        return _reduced(_Sums(steps[order], **joined), starts, steps[order][starts])


def _reduced(sums: _Sums, starts: NDArray[np.intp], steps: Steps) -> _Sums:
    """Rows from each start to the next as one."""
    with np.errstate(over="ignore"):
        total = np.add.reduceat(sums.total, starts)
    low, high = np.minimum.reduceat(sums.low, starts), np.maximum.reduceat(sums.high, starts)
    return _Sums(steps, total, low, high, np.add.reduceat(sums.count, starts))
