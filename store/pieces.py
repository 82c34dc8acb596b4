"""A run's points in pieces of a bounded size, for whoever passes on more than memory should hold.

Each piece is read in a snapshot of its own, so that nothing is held open while a slow reader takes it. Of a run that has ended the pieces
are exact; of one that is still written to, each is true to the moment it was read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from store import columns, curves, series
from store.columns import Column
from store.curves import Window
from store.database import Database

PIECE = 65_536
AT_ONCE = 4 * PIECE  # a series up to this length is read in one go


@dataclass(frozen=True)
class Piece:
    """Points of some metrics, one after another: `counts` says how many are of each."""

    metrics: tuple[str, ...]
    counts: tuple[int, ...]
    column: Column


@dataclass(frozen=True)
class _Length:
    metric: str
    count: int
    first_step: int
    last_step: int


def of_run(database: Database, run_id: str, metrics: Sequence[str] | None = None) -> Iterator[Piece]:
    """The run's points by metric and step, at most `PIECE` at a time; `metrics` None is all it has."""
    with database.read() as session:
        sums = series.summaries(session, [run_id])[run_id]
    lengths = [_Length(name, row.count, row.first_step, row.last_step) for name, row in sums.items() if metrics is None or name in metrics]
    batch: list[_Length] = []
    for length in lengths:
        if batch and sum(each.count for each in batch) + length.count > PIECE:
            yield from _together(database, run_id, batch)
            batch = []
        if length.count > AT_ONCE:
            yield from _one_by_windows(database, run_id, length)
        else:
            batch.append(length)
    if batch:
        yield from _together(database, run_id, batch)


def _together(database: Database, run_id: str, batch: Sequence[_Length]) -> Iterator[Piece]:
    with database.read() as session:
        outlines = curves.outlines(session, [run_id], [length.metric for length in batch])
        found = curves.read(session, outlines, Window(points=None, by_time=True))
    exact = [
        (outline.metric, Column(curve.exact.steps, curve.exact.values, curve.exact.times + outline.began))
        for outline, curve in zip(outlines, found, strict=True)
        if curve.exact is not None and curve.exact.times is not None and curve.count
    ]
    if len(exact) == 1:
        yield from _cut(*exact[0])
    elif exact:
        yield Piece(tuple(metric for metric, _ in exact), tuple(len(each) for _, each in exact), columns.joined([each for _, each in exact]))


def _one_by_windows(database: Database, run_id: str, length: _Length) -> Iterator[Piece]:
    """A window of so many steps holds no more points than that; it widens where points are sparse."""
    low, width = length.first_step, PIECE
    while low <= length.last_step:
        high = min(low + width - 1, length.last_step)
        with database.read() as session:
            column = series.read(session, run_id, length.metric, low, high)
        yield from _cut(length.metric, column)
        low = high + 1
        width = width * 2 if len(column) < PIECE // 2 else PIECE


def _cut(metric: str, column: Column) -> Iterator[Piece]:
    for start in range(0, len(column), PIECE):
        part = column.take(slice(start, start + PIECE))
        yield Piece((metric,), (len(part),), part)


def milliseconds(times: columns.Values) -> columns.Steps:
    """Times as they are kept: whole milliseconds since the epoch."""
    return np.rint(times * 1000.0).astype(np.int64)
