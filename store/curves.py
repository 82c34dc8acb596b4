"""Metrics' curves as a chart asks for them: exact when short enough, else in buckets that keep every extreme.

outlines = curves.outlines(session, run_ids, metrics, entity)   # what there is: one query for the runs, one for the summaries
found = curves.read(session, outlines, window)                  # the points: one query, whatever the number of curves
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.buckets import Buckets, bucket
from store import columns
from store.columns import Steps, Values
from store.errors import RunNotFound
from store.tables import TRASH, Project, Run, Segment, Series

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Window:
    """What is asked for. `low` and `high` are steps, or seconds since the run began when `by_time`; both ends are included.

    `points` is the most points to answer with; None for all of them.
    """

    points: int | None = 1000
    low: float | None = None
    high: float | None = None
    by_time: bool = False


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
    by_name = {(outline.run_id, outline.metric): outline for outline in asked if outline.count}
    curves = {name: _curve(by_name[name], list(parts), window) for name, parts in _segments(session, by_name, window) if name in by_name}
    return [curves.get((outline.run_id, outline.metric)) or _curve(outline, [], window) for outline in asked]


def _outline(run: Any, metric: str, summary: Any) -> Outline:
    # Held points change only when an attempt starts again; otherwise points are added, which the count tells.
    began = run.started_at or run.created_at
    return Outline(run.id, metric, began, summary.points if summary else 0, (run.attempt, began, *(summary or ())))


def _segments(session: Session, names: dict[tuple[str, str], Outline], window: Window) -> Iterator[tuple[tuple[str, str], Iterator[Any]]]:
    """The segments that the window touches, grouped by run and metric, never all of them in memory at once."""
    wanted = (
        Segment.run_id,
        Segment.metric,
        Segment.count.label("length"),
        Segment.steps,
        Segment.values,
        *((Segment.times,) if window.by_time else ()),
    )
    query = select(*wanted).where(Segment.run_id.in_({run_id for run_id, _ in names}), Segment.metric.in_({metric for _, metric in names}))
    if not window.by_time and window.low is not None:
        query = query.where(Segment.last_step >= int(np.ceil(window.low)))
    if not window.by_time and window.high is not None:
        query = query.where(Segment.first_step <= int(np.floor(window.high)))
    rows = session.execute(query.order_by(Segment.run_id, Segment.metric, Segment.first_step), execution_options={"yield_per": ROWS_AT_ONCE})
    return groupby(rows, lambda row: (row[0], row[1]))


def _curve(outline: Outline, segments: Sequence[Any], window: Window) -> Curve:
    points = _within(_decoded(outline, segments, window.by_time), window)
    count = len(points.steps)
    if window.points is None or count <= window.points:
        return Curve(outline.run_id, outline.metric, count, points, None)
    x: NDArray[np.float64] | NDArray[np.int64] = points.steps
    if points.times is not None:
        # Points may arrive out of order, so time need not ascend with the steps.
        points = _taken(points, np.argsort(points.times, kind="stable"))
        x = points.times if points.times is not None else x
    return Curve(outline.run_id, outline.metric, count, None, bucket(x, points.steps, points.values, window.points))


def _decoded(outline: Outline, segments: Sequence[Any], with_times: bool) -> Exact:
    if not segments:
        nothing = columns.empty()
        return Exact(nothing.steps, nothing.values, nothing.times if with_times else None)
    steps = np.concatenate([columns.decode_steps(row.steps, row.length) for row in segments])
    values = np.concatenate([columns.decode_values(row.values) for row in segments])
    times = np.concatenate([columns.decode_times(row.times) for row in segments]) - outline.began if with_times else None
    return Exact(steps, values, times)


def _within(points: Exact, window: Window) -> Exact:
    if points.times is None:
        start = 0 if window.low is None else int(np.searchsorted(points.steps, int(np.ceil(window.low)), "left"))
        stop = len(points.steps) if window.high is None else int(np.searchsorted(points.steps, int(np.floor(window.high)), "right"))
        return _taken(points, slice(start, stop))
    inside = np.ones(len(points.steps), np.bool_)
    if window.low is not None:
        inside &= points.times >= window.low
    if window.high is not None:
        inside &= points.times <= window.high
    return _taken(points, inside)


def _taken(points: Exact, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Exact:
    return Exact(points.steps[which], points.values[which], None if points.times is None else points.times[which])
