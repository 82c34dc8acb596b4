"""Points as they were sent: a block holds one write's, of all its metrics together, until enough lie there to be sealed into segments.

Letters of shapes: M metrics, N rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgpack
import numpy as np
from numpy.typing import NDArray

from store import columns
from store.columns import Column, Milliseconds, Steps, Values, Versions

NO_VERSION = np.empty(0, np.int64)
MOST_TOGETHER = 4096  # values that one version brings, or a row of more metrics: what follows a run gets them in pieces of that size


@dataclass(frozen=True)
class Group:
    """Metrics whose points share their steps, which ascend, and their times; `versions` says which write brought each row."""

    metrics: tuple[str, ...]
    steps: Steps
    times: Milliseconds
    values_MN: Values
    versions: Versions = field(default_factory=lambda: NO_VERSION)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def is_ascending(self) -> bool:
        """Whether no step stands there twice."""
        return bool((self.steps[1:] > self.steps[:-1]).all())

    def rows(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Group":
        versions = self.versions[which] if len(self.versions) else self.versions
        return Group(self.metrics, self.steps[which], self.times[which], self.values_MN[:, which], versions)

    def at(self, versions: Versions) -> "Group":
        """The group as these writes brought its rows."""
        return Group(self.metrics, self.steps, self.times, self.values_MN, versions)

    def only(self, places: Sequence[int]) -> "Group":
        """The group with the metrics at these places, in this order."""
        if list(places) == list(range(len(self.metrics))):
            return self
        return replace(self, metrics=tuple(self.metrics[place] for place in places), values_MN=self.values_MN[list(places)])

    def column(self, metric: str) -> Column:
        return Column(self.steps, self.values_MN[self.metrics.index(metric)], self.times / 1000.0)


def masked(column: Sequence[float | None] | Values) -> tuple[Values, NDArray[np.bool_] | None]:
    """The column as float64, and where it has values if not everywhere; None is no value."""
    values = np.asarray(column, np.float64)  # None becomes NaN
    if isinstance(column, np.ndarray) or not np.isnan(values).any():
        return values, None
    mask = np.array([value is not None for value in column], np.bool_)
    return values, None if mask.all() else mask


def grouped(steps: Steps, times: Milliseconds, metrics: Mapping[str, tuple[Values, NDArray[np.bool_] | None]]) -> list[Group]:
    """The metrics in groups by where they have values, which a metric's mask says; None is everywhere.

    Rows ascend by step; those of one step stand in the order given.
    """
    order = None if bool((steps[1:] >= steps[:-1]).all()) else np.argsort(steps, kind="stable")
    by_mask: dict[bytes, list[str]] = {}
    for metric, (_, mask) in metrics.items():
        by_mask.setdefault(b"" if mask is None else mask.tobytes(), []).append(metric)
    groups = []
    for names in by_mask.values():
        mask = metrics[names[0]][1]
        values_MN = np.array([metrics[name][0] for name in names])
        group = Group(tuple(names), steps, times, values_MN)
        if order is not None:
            group, mask = group.rows(order), None if mask is None else mask[order]
        groups.append(group if mask is None else group.rows(mask))
    return [group for group in groups if len(group)]


def merged(groups: Iterable[Group]) -> list[Group]:
    """The same points with one group for each set of metrics, ascending by step."""
    alike: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        alike.setdefault(group.metrics, []).append(group)
    return [_joined(parts) for parts in alike.values()]


def numbered(groups: Sequence[Group], after: int) -> tuple[list[Group], int]:
    """The groups as the next versions brought them, as few as there may be, and the last of those."""
    if sum(len(group) * len(group.metrics) for group in groups) <= MOST_TOGETHER:
        return [group.at(np.full(len(group), after + 1, np.int64)) for group in groups], after + 1
    found, ends = [], 0
    for group in groups:
        size = len(group.metrics)
        ends_N = ends + size * np.arange(1, len(group) + 1)  # how many values there are with each row
        ends = int(ends_N[-1])
        found.append(group.at(after + 1 + (ends_N - 1) // MOST_TOGETHER))
    return found, after + 1 + (ends - 1) // MOST_TOGETHER


def encode(groups: Sequence[Group]) -> bytes:
    rows = [
        (
            group.metrics,
            len(group),
            columns.encode_steps(group.steps),
            columns.encode_steps(group.versions),
            group.times.astype("<i8", copy=False).tobytes(),
            group.values_MN.astype("<f8", copy=False).tobytes(),
        )
        for group in groups
    ]
    return bytes(msgpack.packb(rows))


def decode(body: bytes) -> list[Group]:
    """Raises ValueError for a damaged block."""
    try:
        return [_group(*row) for row in msgpack.unpackb(body, use_list=False)]
    except (msgpack.UnpackException, TypeError) as error:
        raise ValueError(f"a block of points is damaged: {error}") from error


def _group(metrics: tuple[str, ...], count: int, steps: bytes, versions: bytes, times: bytes, values: bytes) -> Group:
    values_MN = np.frombuffer(values, "<f8").reshape(len(metrics), count)
    return Group(metrics, columns.decode_steps(steps, count), np.frombuffer(times, "<i8"), values_MN, columns.decode_steps(versions, count))


def _joined(parts: Sequence[Group]) -> Group:
    if len(parts) == 1:
        return parts[0]
    whole = Group(
        parts[0].metrics,
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values_MN for part in parts], axis=1),
        np.concatenate([part.versions for part in parts]),
    )
    return whole if whole.is_ascending else whole.rows(np.argsort(whole.steps, kind="stable"))
