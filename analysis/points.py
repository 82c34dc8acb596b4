"""Two runs' series held against each other, bit by bit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.ulps import distance, in_json


@dataclass(frozen=True)
class Column:
    """A metric's points: int64 steps, ascending and without repeats, and float64 values."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, step: int) -> float | None:
        """The value at a step; None when there is no point."""
        place = int(np.searchsorted(self.steps, step))
        return float(self.values[place]) if place < len(self) and self.steps[place] == step else None


@dataclass(frozen=True)
class FirstDifference:
    """The earliest point that is not the same in both runs; None stands for a point that one of them lacks."""

    metric: str
    step: int
    original: float | None
    rerun: float | None

    @property
    def is_one_sided(self) -> bool:
        return self.original is None or self.rerun is None

    def document(self) -> dict[str, Any]:
        ulps, ulp_of = (None, "float64") if self.original is None or self.rerun is None else distance(self.original, self.rerun)
        return {
            "metric": self.metric,
            "step": self.step,
            "original": None if self.original is None else in_json(self.original),
            "rerun": None if self.rerun is None else in_json(self.rerun),
            "ulps": ulps,
            "ulp_of": ulp_of,
        }


EMPTY = Column(np.empty(0, np.int64), np.empty(0, np.float64))


def judged(series: Mapping[str, Column]) -> dict[str, Column]:
    """The metrics that a verdict looks at. Throughput and memory, `system/...`, are never the same twice."""
    return {metric: column for metric, column in series.items() if not metric.startswith("system/") and len(column)}


def compared(original: Mapping[str, Column], rerun: Mapping[str, Column]) -> tuple[int, list[FirstDifference]]:
    """How many points both runs hold, and of each metric that is not the same the first such point: smallest step first, then by name."""
    both = 0
    differing = []
    for metric in sorted(original.keys() | rerun.keys()):
        ours, theirs = original.get(metric, EMPTY), rerun.get(metric, EMPTY)
        shared, step = _first_step(ours, theirs)
        both += shared
        if step is not None:
            differing.append(FirstDifference(metric, step, ours.at(step), theirs.at(step)))
    return both, sorted(differing, key=lambda first: first.step)


def same_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where two columns are equal by bits. Any NaN equals any NaN; -0.0 is not 0.0."""
    equal: NDArray[np.bool_] = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
    return equal


def _first_step(a: Column, b: Column) -> tuple[int, int | None]:
    """The number of steps both columns hold, and the first step at which they are not the same."""
    if np.array_equal(a.steps, b.steps):
        differing = np.flatnonzero(~same_bits(a.values, b.values))
        return len(a), int(a.steps[differing[0]]) if len(differing) else None
    steps, in_a, in_b = np.intersect1d(a.steps, b.steps, assume_unique=True, return_indices=True)
    differing = steps[~same_bits(a.values[in_a], b.values[in_b])]
    alone = np.setxor1d(a.steps, b.steps, assume_unique=True)
    return len(steps), int(min(np.concatenate([differing[:1], alone[:1]])))
