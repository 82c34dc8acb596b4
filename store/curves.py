"""Metrics' curves as a chart asks for them: exact when short enough, else in buckets that keep every extreme.

outlines = curves.outlines(session, run_ids, metrics, entity)   # what there is: one query for the runs, one for the summaries
found = curves.read(session, outlines, window)                  # the points: one query, whatever the number of curves
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from analysis.buckets import Buckets, Grid, bucket, grid, summed
from store import columns, pending
from store.columns import Column, Steps, Values
from store.database import fetch, in_list
from store.errors import RunNotFound
from store.tables import TRASH, Project, Run, Series

POINTS_AT_ONCE = 4_000_000
LATEST = 2**63 - 1
Name = tuple[str, str]  # run, metric


@dataclass(frozen=True)
class Window:
    """What is asked for. `low` and `high` are steps, or seconds since the run began when `by_time`; both ends are included.

    `points` is the most points to answer with; None for all of them.
    """

    points: int | None = 1000
    low: float | None = None
    high: float | None = None
    by_time: bool = False

    @property
    def steps(self) -> tuple[int, int]:
        """The first and the last step that lie in a window over steps."""
        return -1 if self.low is None else int(np.ceil(self.low)), LATEST if self.high is None else int(np.floor(self.high))


@dataclass(frozen=True)
class Outline:
    """A curve before its points are read. `count` is the whole series'; `mark` differs whenever the points do."""

    run_id: str
    metric: str
    began: float
    count: int
    mark: tuple[Any, ...]


@dataclass(frozen=True)
class Exact:
    """Points in ascending order of step. `times` are seconds since the run began, and None where they were not asked for."""

    steps: Steps
    values: Values
    times: Values | None


@dataclass(frozen=True)
class Curve:
    """`count` points lie in the window: all of them in `exact`, or summed up in `buckets`; `x` is what the buckets are over."""

    run_id: str
    metric: str
    count: int
    exact: Exact | None
    buckets: Buckets | None


def outlines(session: Session, run_ids: Sequence[str], metrics: Sequence[str], entity: str | None = None) -> list[Outline]:
    """One for each run and metric in the order asked, runs outer. Raises RunNotFound, also for a run of another entity."""
    of_run = (
        select(Run.id, Run.attempt, Run.started_at, Run.created_at, Project.entity)
        .join(Project, Project.id == Run.project_id)
        .where(Run.project_id != TRASH)
    )
    found = {run.id: run for run in session.execute(of_run.where(Run.id.in_(run_ids)))}
    for run_id in run_ids:
        if run_id not in found or (entity is not None and found[run_id].entity != entity):
            raise RunNotFound(run_id)
    held = select(Series.count.label("points"), *Series.__table__.columns).where(Series.run_id.in_(run_ids), Series.metric.in_(metrics))
    summaries = {(row.run_id, row.metric): row for row in session.execute(held)}
    return [_outline(found[run_id], metric, summaries.get((run_id, metric))) for run_id in run_ids for metric in metrics]


def read(session: Session, asked: Sequence[Outline], window: Window) -> list[Curve]:
    """The curves in the order asked; count 0 where there are no points."""
    axes = _Axes()
    curves: dict[Name, Curve] = {}
    for batch in _batches([outline for outline in asked if outline.count]):
        run_ids, metrics = sorted({run_id for run_id, _ in batch}), sorted({metric for _, metric in batch})
        waiting = pending.columns_of(session.connection(), run_ids, metrics)
        sealed: dict[Name, list[Any]] = {}
        for row in _segments(session.connection(), run_ids, metrics, window):
            sealed.setdefault((row[0], row[1]), []).append(row[2:])
        curves |= {name: _curve(batch[name], sealed.get(name, []), waiting.get(name), window, axes) for name in batch}
    return [curves.get((outline.run_id, outline.metric)) or _curve(outline, [], None, window, axes) for outline in asked]


def _batches(asked: Sequence[Outline]) -> Iterator[dict[Name, Outline]]:
    """The outlines by name, run by run, so many at once as can lie in memory."""
    batch: dict[Name, Outline] = {}
    points = 0
    for outline in sorted(asked, key=lambda outline: (outline.run_id, outline.metric)):
        if batch and points + outline.count > POINTS_AT_ONCE:
            yield batch
            batch, points = {}, 0
        batch[outline.run_id, outline.metric] = outline
        points += outline.count
    if batch:
        yield batch


class _Axes:
    """Steps that many curves share are decoded and cut into buckets once."""

    def __init__(self) -> None:
        self._steps: dict[Any, Steps] = {}
        self._grids: dict[int, tuple[Steps, Grid]] = {}

    def steps(self, sealed: Sequence[Any], late: Steps) -> Steps:
        same = (*((row[0], row[1]) for row in sealed), late.tobytes())
        if same not in self._steps:
            self._steps[same] = np.concatenate([*(columns.decode_steps(row[1], row[0]) for row in sealed), late])
        return self._steps[same]

    def grid(self, steps: Steps, number: int) -> Grid:
        known = self._grids.get(id(steps))
        if known is None:
            known = self._grids[id(steps)] = (steps, grid(steps, number))  # the steps are kept so that their id stays their own
        return known[1]


def _outline(run: Any, metric: str, summary: Any) -> Outline:
    # Held points change only when an attempt starts again; otherwise points are added, which the count tells.
    began = run.started_at or run.created_at
    return Outline(run.id, metric, began, summary.points if summary else 0, (run.attempt, began, *(summary or ())))


def _segments(connection: Connection, run_ids: Sequence[str], metrics: Sequence[str], window: Window) -> list[Any]:
    """The segments that the window touches: run, metric, length, steps, values and, when they are needed, times."""
    clocks = "JOIN clocks c ON c.run_id = s.run_id AND c.id = s.clock" if window.by_time else ""
    text = f'''SELECT s.run_id, s.metric, s.count, s.steps, s."values"{", c.times" if clocks else ""} FROM segments s {clocks}
        WHERE s.run_id IN {in_list(len(run_ids))} AND s.metric IN {in_list(len(metrics))} AND s.first_step <= ? AND s.last_step >= ?
        ORDER BY s.run_id, s.metric, s.first_step'''
    low, high = (-1, LATEST) if window.by_time else window.steps
    return fetch(connection, text, (*run_ids, *metrics, high, low))


def _curve(outline: Outline, sealed: Sequence[Any], waiting: Column | None, window: Window, axes: _Axes) -> Curve:
    points = _within(_decoded(outline, sealed, waiting, window.by_time, axes), window)
    count = len(points.steps)
    if window.points is None or count <= window.points:
        return Curve(outline.run_id, outline.metric, count, points, None)
    if points.times is None:
        buckets = summed(axes.grid(points.steps, window.points), points.steps, points.steps, points.values)
    else:
        # Points may arrive out of order, so time need not ascend with the steps.
        order = np.argsort(points.times, kind="stable")
        buckets = bucket(points.times[order], points.steps[order], points.values[order], window.points)
    return Curve(outline.run_id, outline.metric, count, None, buckets)


def _decoded(outline: Outline, sealed: Sequence[Any], waiting: Column | None, with_times: bool, axes: _Axes) -> Exact:
    late = waiting or columns.empty()
    steps = axes.steps(sealed, late.steps)
    values = np.concatenate([*(columns.decode_values(row[2]) for row in sealed), late.values])
    if not with_times:
        return Exact(steps, values, None)
    return Exact(steps, values, np.concatenate([*(columns.decode_times(row[3]) / 1000.0 for row in sealed), late.times]) - outline.began)


def _within(points: Exact, window: Window) -> Exact:
    if points.times is None:
        low, high = window.steps
        start, stop = int(np.searchsorted(points.steps, low, "left")), int(np.searchsorted(points.steps, high, "right"))
        return points if (start, stop) == (0, len(points.steps)) else _taken(points, slice(start, stop))
    inside = np.ones(len(points.steps), np.bool_)
    if window.low is not None:
        inside &= points.times >= window.low
    if window.high is not None:
        inside &= points.times <= window.high
    return _taken(points, inside)


def _taken(points: Exact, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Exact:
    return Exact(points.steps[which], points.values[which], None if points.times is None else points.times[which])
