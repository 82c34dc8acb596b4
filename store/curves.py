"""A metric's curve as a chart asks for it: exact when it is short enough, else in buckets that keep every extreme."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.buckets import Buckets, bucket
from store import series
from store.columns import Column
from store.tables import Run


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
class Curve:
    """`count` points lie in the window: all of them in `exact`, or summed up in `buckets`; `x` is what the buckets are over."""

    run_id: str
    metric: str
    count: int
    exact: Column | None
    buckets: Buckets | None


def curve(session: Session, run: Run, metric: str, window: Window) -> Curve:
    """The metric's points in the window; count 0 when the run has no such metric. `times` are seconds since the run began."""
    column = _within(session, run, metric, window)
    if window.points is None or len(column) <= window.points:
        return Curve(run.id, metric, len(column), column, None)
    x: NDArray[np.float64] | NDArray[np.int64] = column.steps
    if window.by_time:
        # Points may arrive out of order, so time need not ascend with the steps.
        column = column.take(np.argsort(column.times, kind="stable"))
        x = column.times
    return Curve(run.id, metric, len(column), None, bucket(x, column.steps, column.values, window.points))


def _within(session: Session, run: Run, metric: str, window: Window) -> Column:
    if not window.by_time:
        low = None if window.low is None else int(np.ceil(window.low))
        high = None if window.high is None else int(np.floor(window.high))
        column = series.read(session, run.id, metric, low, high)
        return Column(column.steps, column.values, column.times - _began(run))
    column = series.read(session, run.id, metric)
    column = Column(column.steps, column.values, column.times - _began(run))
    inside = np.ones(len(column), np.bool_)
    if window.low is not None:
        inside &= column.times >= window.low
    if window.high is not None:
        inside &= column.times <= window.high
    return column.take(inside)


def _began(run: Run) -> float:
    return run.started_at or run.created_at
