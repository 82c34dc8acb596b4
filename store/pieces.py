"""Points of runs in pieces of a bounded size, for whoever passes on more than memory should hold.

Each piece is read in a snapshot of its own, so that nothing is held open while a slow reader takes it. Of a run that has ended the pieces
are exact; of one that is still written to, each is true to the moment it was read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from store import columns, curves, series
from store.columns import Column
from store.curves import Window
from store.database import Database
from store.errors import RunNotFound
from store.tables import Series

PIECE = 65_536
AT_ONCE = 4 * PIECE  # a series up to this length is read in one go
RUNS_AT_ONCE = 20


@dataclass(frozen=True)
class Span:
    """So many points of a metric of a run."""

    run_id: str
    metric: str
    count: int


@dataclass(frozen=True)
class Piece:
    """Points of some spans, one after another."""

    spans: tuple[Span, ...]
    column: Column


@dataclass(frozen=True)
class _Length:
    metric: str
    count: int
    first_step: int
    last_step: int


def of_runs(database: Database, run_ids: Sequence[str], metrics: Sequence[str] | None = None) -> Iterator[Piece]:
    """The points by run, metric and step, at most `PIECE` at a time; `metrics` None is all there are. A run that is deleted meanwhile is left out."""
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        yield from _of_some(database, run_ids[start : start + RUNS_AT_ONCE], metrics)


def _of_some(database: Database, run_ids: Sequence[str], metrics: Sequence[str] | None) -> Iterator[Piece]:
    """Runs that have the same metrics, as those of a project do, are read together as long as they are short."""
    alike: list[str] = []
    names: list[str] = []
    points = 0
    for run_id, lengths in _lengths(database, run_ids, metrics).items():
        count, others = sum(length.count for length in lengths), [length.metric for length in lengths]
        if alike and (others != names or points + count > PIECE):
            yield from _together(database, alike, names)
            alike, points = [], 0
        if count > PIECE:
            yield from _of_one(database, run_id, lengths)
        else:
            alike, names, points = [*alike, run_id], others, points + count
    if alike:
        yield from _together(database, alike, names)


def _lengths(database: Database, run_ids: Sequence[str], metrics: Sequence[str] | None) -> dict[str, list[_Length]]:
    query = select(Series.run_id, Series.metric, Series.count, Series.first_step, Series.last_step).where(Series.run_id.in_(run_ids))
    if metrics is not None:
        query = query.where(Series.metric.in_(metrics))
    found: dict[str, list[_Length]] = {run_id: [] for run_id in run_ids}
    with database.read() as session:
        for run_id, metric, count, first_step, last_step in session.execute(query.order_by(Series.run_id, Series.metric)):
            found[run_id].append(_Length(metric, count, first_step, last_step))
    return {run_id: lengths for run_id, lengths in found.items() if lengths}


def _of_one(database: Database, run_id: str, lengths: Sequence[_Length]) -> Iterator[Piece]:
    batch: list[_Length] = []
    for length in lengths:
        if batch and sum(each.count for each in batch) + length.count > PIECE:
            yield from _together(database, [run_id], [each.metric for each in batch])
            batch = []
        if length.count > AT_ONCE:
            yield from _by_windows(database, run_id, length)
        else:
            batch.append(length)
    if batch:
        yield from _together(database, [run_id], [each.metric for each in batch])


def _together(database: Database, run_ids: Sequence[str], metrics: Sequence[str]) -> Iterator[Piece]:
    try:
        with database.read() as session:
            outlines = curves.outlines(session, run_ids, metrics)
            found = curves.read(session, outlines, Window(points=None, by_time=True))
    except RunNotFound:  # deleted meanwhile: the others are still there
        for run_id in run_ids if len(run_ids) > 1 else ():
            yield from _together(database, [run_id], metrics)
        return
    parts = [
        (Span(outline.run_id, outline.metric, curve.count), Column(curve.exact.steps, curve.exact.values, curve.exact.times + outline.began))
        for outline, curve in zip(outlines, found, strict=True)
        if curve.exact is not None and curve.exact.times is not None and curve.count
    ]
    if len(parts) == 1:
        yield from _cut(parts[0][0].run_id, parts[0][0].metric, parts[0][1])
    elif parts:
        yield Piece(tuple(span for span, _ in parts), columns.joined([column for _, column in parts]))


def _by_windows(database: Database, run_id: str, length: _Length) -> Iterator[Piece]:
    """A window of so many steps holds no more points than that; it widens where points are sparse."""
    low, width = length.first_step, PIECE
    while low <= length.last_step:
        high = min(low + width - 1, length.last_step)
        with database.read() as session:
            column = series.read(session, run_id, length.metric, low, high)
        yield from _cut(run_id, length.metric, column)
        low = high + 1
        width = width * 2 if len(column) < PIECE // 2 else PIECE


def _cut(run_id: str, metric: str, column: Column) -> Iterator[Piece]:
    for start in range(0, len(column), PIECE):
        part = column.take(slice(start, start + PIECE))
        yield Piece((Span(run_id, metric, len(part)),), part)


def milliseconds(times: columns.Values) -> columns.Steps:
    """Times as they are kept: whole milliseconds since the epoch."""
    return np.rint(times * 1000.0).astype(np.int64)
