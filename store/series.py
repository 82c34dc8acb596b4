"""Points in, points out. Appending is idempotent: a point that is already held, bit for bit, is accepted and not doubled.

A series' newest points lie in a small tail that each append rewrites; a tail of `TAIL` points joins the segment before it, up to `SEGMENT` points.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from analysis.points import same_bits
from store import columns
from store.columns import Column
from store.fence import Claim, must_own
from store.tables import Segment, Series

NEVER_THE_SAME = "system/"
SEGMENT = 4096
TAIL = 256


@dataclass(frozen=True)
class Points:
    """Values of some metrics at some steps; None is no value. `times` are seconds since the epoch."""

    steps: Sequence[int]
    times: Sequence[float]
    metrics: Mapping[str, Sequence[float | None]]


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


def append(session: Session, run_id: str, points: Points) -> Appended:
    """Take every value that is new, accept those already held, refuse those that differ from what is held.

    The caller holds the run's row locked, so that two appends to one run cannot cross.
    """
    result = Appended()
    incoming = {metric: _column(points, metric) for metric in points.metrics}
    incoming = {metric: column for metric, column in incoming.items() if len(column)}
    known = {row.metric: row for row in session.scalars(select(Series).where(Series.run_id == run_id, Series.metric.in_(incoming)))}
    last = _last_segments(session, run_id, incoming)
    for metric, given in incoming.items():
        column, repeats = _first_of_each(given)
        series = known.get(metric)
        if series is None or column.steps[0] > series.last_step:
            fresh = column
            _append_after(session, run_id, metric, last.get(metric), column)
        else:
            fresh = _merge(session, run_id, metric, column, result)
        if len(repeats):
            _merge(session, run_id, metric, repeats, result)
        result.accepted += len(given)
        _sum_up(session, run_id, metric, series, fresh)
    result.accepted -= len(result.refused)
    return result


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
    overlapping = session.scalars(select(Segment).where(Segment.run_id == run_id, Segment.last_step >= from_step)).all()
    for segment in overlapping:
        column = decode(segment)
        kept = column.take(column.steps < from_step)
        session.delete(segment)
        session.flush()
        if len(kept):
            session.add(_segment(run_id, segment.metric, kept))
    session.flush()
    for series in session.scalars(select(Series).where(Series.run_id == run_id, Series.last_step >= from_step)).all():
        rest = read(session, run_id, series.metric)
        session.delete(series)
        session.flush()
        if len(rest):
            _sum_up(session, run_id, series.metric, None, rest)
    session.flush()


def read(session: Session, run_id: str, metric: str, from_step: int | None = None, to_step: int | None = None) -> Column:
    """A metric's points in ascending order of step, both ends included; empty when the run has no such metric."""
    query = select(Segment).where(Segment.run_id == run_id, Segment.metric == metric).order_by(Segment.first_step)
    if from_step is not None:
        query = query.where(Segment.last_step >= from_step)
    if to_step is not None:
        query = query.where(Segment.first_step <= to_step)
    column = columns.joined([decode(segment) for segment in session.scalars(query)])
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


def decode(segment: Segment) -> Column:
    return Column(columns.decode_steps(segment.steps, segment.count), columns.decode_values(segment.values), columns.decode_times(segment.times))


def _column(points: Points, metric: str) -> Column:
    """The metric's values in ascending order of step; of several at one step, in the order given."""
    given = [(step, value, time) for step, value, time in zip(points.steps, points.metrics[metric], points.times, strict=True) if value is not None]
    steps = np.array([step for step, _, _ in given], np.int64)
    column = Column(steps, np.array([value for _, value, _ in given], np.float64), np.array([time for _, _, time in given], np.float64))
    return column if np.all(steps[1:] > steps[:-1]) else column.take(np.argsort(steps, kind="stable"))


def _first_of_each(column: Column) -> tuple[Column, Column]:
    """The first value of each step, which wins, and the others."""
    first = np.diff(column.steps, prepend=-1) > 0
    return (column, columns.empty()) if first.all() else (column.take(first), column.take(~first))


def _last_segments(session: Session, run_id: str, metrics: Iterable[str]) -> dict[str, Segment]:
    ends = and_(Series.run_id == Segment.run_id, Series.metric == Segment.metric, Series.last_step == Segment.last_step)
    query = select(Segment).join(Series, ends).where(Segment.run_id == run_id, Segment.metric.in_(metrics))
    return {segment.metric: segment for segment in session.scalars(query)}


def _append_after(session: Session, run_id: str, metric: str, last: Segment | None, column: Column) -> None:
    """Write points that all come after the series' last one."""
    tail = last if last is not None and last.count < TAIL else None
    if tail is not None:
        column = columns.joined([decode(tail), column])
    if len(column) >= TAIL:
        before = _segment_before(session, tail) if tail is not None else last
        if before is not None and before.count + len(column) <= SEGMENT:
            if tail is not None:
                session.delete(tail)
            _rewrite(before, columns.joined([decode(before), column]))
            return
    head, rest = column.take(slice(0, SEGMENT)), column.take(slice(SEGMENT, None))
    if tail is not None:
        _rewrite(tail, head)
    else:
        session.add(_segment(run_id, metric, head))
    _add_segments(session, run_id, metric, rest)


def _segment_before(session: Session, segment: Segment) -> Segment | None:
    earlier = and_(Segment.run_id == segment.run_id, Segment.metric == segment.metric, Segment.first_step < segment.first_step)
    return session.scalars(select(Segment).where(earlier).order_by(Segment.first_step.desc()).limit(1)).one_or_none()


def _merge(session: Session, run_id: str, metric: str, column: Column, result: Appended) -> Column:
    """Write points of which some lie among those held. Returns the ones that are new."""
    of_series = and_(Segment.run_id == run_id, Segment.metric == metric)
    left = select(func.max(Segment.first_step)).where(of_series, Segment.first_step <= int(column.steps[0])).scalar_subquery()
    touching = and_(of_series, Segment.first_step <= int(column.steps[-1]), Segment.first_step >= func.coalesce(left, -1))
    touched = session.scalars(select(Segment).where(touching).order_by(Segment.first_step)).all()
    held = columns.joined([decode(segment) for segment in touched])
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
        for segment in touched:
            session.delete(segment)
        session.flush()
        _add_segments(session, run_id, metric, together.take(np.argsort(together.steps, kind="stable")))
    return fresh


def _add_segments(session: Session, run_id: str, metric: str, column: Column) -> None:
    for start in range(0, len(column), SEGMENT):
        session.add(_segment(run_id, metric, column.take(slice(start, start + SEGMENT))))


def _segment(run_id: str, metric: str, column: Column) -> Segment:
    segment = Segment(run_id=run_id, metric=metric, first_step=int(column.steps[0]))
    _rewrite(segment, column)
    return segment


def _rewrite(segment: Segment, column: Column) -> None:
    segment.last_step = int(column.steps[-1])
    segment.count = len(column)
    segment.steps = columns.encode_steps(column.steps)
    segment.values = columns.encode_values(column.values)
    segment.times = columns.encode_times(column.times)


def _sum_up(session: Session, run_id: str, metric: str, series: Series | None, fresh: Column) -> None:
    """Bring the series' summary up to date with points that were just added."""
    if not len(fresh):
        return
    if series is None:
        series = Series(run_id=run_id, metric=metric, count=0, non_finite=0, first_step=int(fresh.steps[0]), last_step=-1)
        session.add(series)
    finite = np.isfinite(fresh.values)
    series.count += len(fresh)
    series.non_finite += int(len(fresh) - finite.sum())
    series.first_step = min(series.first_step, int(fresh.steps[0]))
    if fresh.steps[-1] > series.last_step:
        series.last_step, series.last = int(fresh.steps[-1]), float(fresh.values[-1])
    if finite.any():
        usable = fresh.take(finite)
        low, high = int(usable.values.argmin()), int(usable.values.argmax())
        if series.min is None or series.min_step is None or (usable.values[low], usable.steps[low]) < (series.min, series.min_step):
            series.min, series.min_step = float(usable.values[low]), int(usable.steps[low])
        if series.max is None or series.max_step is None or (-usable.values[high], usable.steps[high]) < (-series.max, series.max_step):
            series.max, series.max_step = float(usable.values[high]), int(usable.steps[high])
