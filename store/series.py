"""Points in, points out. Appending is idempotent: a point that is already held, bit for bit, is accepted and not doubled.

A series' newest points lie in a small tail that each append rewrites; a tail of `TAIL` points joins the segment before it, up to `SEGMENT` points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session

from analysis.points import same_bits
from store import columns, segments
from store.columns import Column, Steps, Values
from store.errors import StoreError
from store.fence import Claim, must_own
from store.segments import Encoded, Writes
from store.tables import Segment, Series

NEVER_THE_SAME = "system/"
SEGMENT = 4096
TAIL = 256


@dataclass(frozen=True)
class Points:
    """Values of some metrics at some steps; None is no value. `times` are seconds since the epoch."""

    steps: Sequence[int] | Steps
    times: Sequence[float] | Values
    metrics: Mapping[str, Sequence[float | None] | Values]


@dataclass(frozen=True)
class Refusal:
    """A point that was not taken, and why; `held` is the value kept at that step."""

    metric: str
    step: int
    reason: str
    held: float
    got: float


@dataclass
class Appended:
    """How many values are now held (new or already there), and the points that were refused."""

    accepted: int = 0
    refused: list[Refusal] = field(default_factory=list)


class TooManyMetrics(StoreError):
    """A run has a largest number of metrics; `held` it has, `fresh` would be new."""

    def __init__(self, held: int, fresh: int) -> None:
        super().__init__(f"The run has {held} metrics; {fresh} more are too many.")
        self.held, self.fresh = held, fresh


def append(session: Session, run_id: str, points: Points, most_metrics: int | None = None) -> Appended:
    """Take every value that is new, accept those already held, refuse those that differ from what is held.

    The caller holds the run's row locked, so that two appends to one run cannot cross. Raises TooManyMetrics before anything is written.
    """
    return append_all(session, {run_id: points}, most_metrics)[run_id]


def append_all(session: Session, sent: Mapping[str, Points], most_metrics: int | None = None) -> dict[str, Appended]:
    """Append to several runs, by their ids, with as many statements as to one. Raises TooManyMetrics before anything is written."""
    incoming = {run_id: {metric: column for metric, column in _columns(points).items() if len(column)} for run_id, points in sent.items()}
    held = segments.ends(session, list(sent), list({metric for columns_ in incoming.values() for metric in columns_}))
    for run_id, points in sent.items() if most_metrics is not None else ():
        if any((run_id, metric) not in held for metric in points.metrics):
            _must_fit(session, run_id, points, most_metrics or 0)
    results, writes, later = {run_id: Appended() for run_id in sent}, Writes(), []
    for run_id, by_metric in incoming.items():
        encoded = Encoded()
        for metric, given in by_metric.items():
            column, repeats = _first_of_each(given)
            end = held.get((run_id, metric))
            if end is None or column.steps[0] > end.last_step:
                _append_after(session, run_id, metric, end, column, writes, encoded)
                writes.series.append(segments.summed_up(run_id, metric, end, column))
            else:
                later.append((run_id, metric, end, column))
            if len(repeats):
                later.append((run_id, metric, None, repeats))
            results[run_id].accepted += len(given)
    writes.execute(session)
    for run_id, metric, end, column in later:
        new = _merge(session, run_id, metric, column, results[run_id])
        if end is not None and len(new):
            Writes(series=[segments.summed_up(run_id, metric, end, new)]).execute(session)
    for result in results.values():
        result.accepted -= len(result.refused)
    return results


def _must_fit(session: Session, run_id: str, points: Points, most_metrics: int) -> None:
    if (count := count_metrics(session, run_id)) + len(points.metrics) > most_metrics:
        fresh = len(points.metrics.keys() - set(metric_names(session, run_id)))
        if fresh and count + fresh > most_metrics:
            raise TooManyMetrics(count, fresh)


def append_attempt(session: Session, claim: Claim, points: Points) -> int | None:
    """Take a managed run's points. Returns None, or the first step from which an earlier attempt's history had to give way.

    An attempt that starts again sends the same points again. Where they differ from the earlier attempt's, the run's history
    becomes this attempt's from that step on: never a mixture of two. Throughput and memory always differ and change nothing.
    Raises LeaseLost.
    """
    must_own(session, claim)
    result = append(session, claim.run_id, points)
    differing = [refusal.step for refusal in result.refused if not refusal.metric.startswith(NEVER_THE_SAME)]
    if not differing:
        return None
    truncate(session, claim.run_id, min(differing))
    append(session, claim.run_id, points)
    return min(differing)


def truncate(session: Session, run_id: str, from_step: int) -> None:
    """Drop every point of the run at `from_step` and after, in all metrics."""
    writes = Writes()
    for segment in segments.matching(session, and_(Segment.run_id == run_id, Segment.last_step >= from_step)):
        column = segments.decode(segment)
        kept = column.take(column.steps < from_step)
        writes.gone.append(segment)
        if len(kept):
            writes.segments.append(segments.segment_row(run_id, segment.metric, kept))
    writes.execute(session)
    cut = and_(Series.run_id == run_id, Series.last_step >= from_step)
    metrics = session.scalars(select(Series.metric).where(cut)).all()
    session.execute(delete(Series).where(cut), execution_options={"synchronize_session": False})
    for metric in metrics:
        rest = read(session, run_id, metric)
        if len(rest):
            Writes(series=[segments.summed_up(run_id, metric, None, rest)]).execute(session)


def read(session: Session, run_id: str, metric: str, from_step: int | None = None, to_step: int | None = None) -> Column:
    """A metric's points in ascending order of step, both ends included; empty when the run has no such metric."""
    which = and_(Segment.run_id == run_id, Segment.metric == metric)
    if from_step is not None:
        which = and_(which, Segment.last_step >= from_step)
    if to_step is not None:
        which = and_(which, Segment.first_step <= to_step)
    column = columns.joined([segments.decode(segment) for segment in segments.matching(session, which)])
    start = 0 if from_step is None else int(np.searchsorted(column.steps, from_step, "left"))
    stop = len(column) if to_step is None else int(np.searchsorted(column.steps, to_step, "right"))
    return column.take(slice(start, stop))


def summaries(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, Series]]:
    """Each run's metrics by name, in the order of their names."""
    found: dict[str, dict[str, Series]] = {run_id: {} for run_id in run_ids}
    for series in session.scalars(select(Series).where(Series.run_id.in_(run_ids)).order_by(Series.run_id, Series.metric)):
        found[series.run_id][series.metric] = series
    return found


def metric_names(session: Session, run_id: str) -> list[str]:
    return list(session.scalars(select(Series.metric).where(Series.run_id == run_id).order_by(Series.metric)))


def count_metrics(session: Session, run_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Series).where(Series.run_id == run_id)) or 0


def _columns(points: Points) -> dict[str, Column]:
    """Each metric's values in ascending order of step; of several at one step, in the order given."""
    steps, times = np.asarray(points.steps, np.int64), np.asarray(points.times, np.float64)
    order = None if np.all(steps[1:] > steps[:-1]) else np.argsort(steps, kind="stable")
    found = {}
    for metric, given in points.metrics.items():
        values = np.asarray(given, np.float64)  # None becomes NaN
        if not len(steps) == len(times) == len(values):
            raise ValueError(f"the columns of {metric} are not of one length")
        kept = order
        if not isinstance(given, np.ndarray) and np.isnan(values).any():
            some = np.array([value is not None for value in given], np.bool_)
            if not some.all():
                kept = np.flatnonzero(some) if order is None else order[some[order]]
        column = Column(steps, values, times)
        found[metric] = column if kept is None else column.take(kept)
    return found


def _first_of_each(column: Column) -> tuple[Column, Column]:
    """The first value of each step, which wins, and the others."""
    if len(column) == 1:
        return column, columns.empty()
    first = np.diff(column.steps, prepend=-1) > 0
    return (column, columns.empty()) if first.all() else (column.take(first), column.take(~first))


def _append_after(session: Session, run_id: str, metric: str, end: Any | None, column: Column, writes: Writes, encoded: Encoded) -> None:
    """Write points that all come after the series' last one."""
    tail = end if end is not None and end.length < TAIL else None
    length = len(column) + (tail.length if tail is not None else 0)
    if length >= TAIL:
        before = _segment_before(session, tail) if tail is not None else end
        if before is not None and before.length + length <= SEGMENT:
            if tail is not None:
                writes.gone.append(tail)
            writes.segments.append(encoded.row(run_id, metric, [before, tail] if tail is not None else [before], column))
            return
    if length <= SEGMENT:
        writes.segments.append(encoded.row(run_id, metric, [tail] if tail is not None else [], column))
        return
    writes.segments.extend(_split(run_id, metric, columns.joined([segments.decode(tail), column]) if tail is not None else column))


def _segment_before(session: Session, segment: Any) -> Any | None:
    earlier = and_(Segment.run_id == segment.run_id, Segment.metric == segment.metric, Segment.first_step < segment.first_step)
    return session.execute(select(*segments.SEGMENT_COLUMNS).where(earlier).order_by(Segment.first_step.desc()).limit(1)).one_or_none()


def _merge(session: Session, run_id: str, metric: str, column: Column, result: Appended) -> Column:
    """Write points of which some lie among those held. Returns the ones that are new."""
    of_series = and_(Segment.run_id == run_id, Segment.metric == metric)
    left = select(func.max(Segment.first_step)).where(of_series, Segment.first_step <= int(column.steps[0])).scalar_subquery()
    touching = and_(of_series, Segment.first_step <= int(column.steps[-1]), Segment.first_step >= func.coalesce(left, -1))
    touched = segments.matching(session, touching)
    held = columns.joined([segments.decode(segment) for segment in touched])
    at = np.minimum(np.searchsorted(held.steps, column.steps), max(len(held) - 1, 0))
    is_held = held.steps[at] == column.steps if len(held) else np.zeros(len(column), np.bool_)
    for position in np.flatnonzero(is_held):
        kept, got = held.values[at[position]], column.values[position]
        if not same_bits(np.array([kept]), np.array([got]))[0]:
            why = "this step already holds another value, which stays"
            result.refused.append(Refusal(metric, int(column.steps[position]), why, float(kept), float(got)))
    fresh = column.take(~is_held)
    if len(fresh):
        together = columns.joined([held, fresh])
        Writes(_split(run_id, metric, together.take(np.argsort(together.steps, kind="stable"))), gone=list(touched)).execute(session)
    return fresh


def _split(run_id: str, metric: str, column: Column) -> list[dict[str, Any]]:
    return [segments.segment_row(run_id, metric, column.take(slice(start, start + SEGMENT))) for start in range(0, len(column), SEGMENT)]
