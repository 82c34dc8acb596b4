"""Points in, points out. Appending is idempotent: a point that is already held, bit for bit, is accepted and not doubled.

A series' newest points lie in a small tail that each append rewrites; a tail of `TAIL` points joins the segment before it, up to `SEGMENT` points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from analysis.points import same_bits
from store import columns
from store.columns import Column, Steps, Values
from store.errors import StoreError
from store.fence import Claim, must_own
from store.tables import Segment, Series, Table

NEVER_THE_SAME = "system/"
SEGMENT = 4096
TAIL = 256
SEGMENT_COLUMNS = (
    Segment.run_id,
    Segment.metric,
    Segment.first_step,
    Segment.count.label("length"),  # a row's own `count` is a tuple's
    Segment.steps,
    Segment.values,
    Segment.times,
)


def _ends_query() -> Select[Any]:
    later = aliased(Segment)
    newest = select(func.max(later.first_step)).where(later.run_id == Series.run_id, later.metric == Series.metric).scalar_subquery()
    of_series = and_(Segment.run_id == Series.run_id, Segment.metric == Series.metric, Segment.first_step == newest)
    summary = [column.label(f"series_{column.name}") for column in Series.__table__.columns if column.name not in ("run_id", "metric", "last_step")]
    query = select(*SEGMENT_COLUMNS, Series.last_step.label("last_step"), *summary).select_from(Series).join(Segment, of_series)
    return query.where(Series.run_id == bindparam("run_id"), Series.metric.in_(bindparam("metrics", expanding=True)))


_ENDS = _ends_query()  # made once: SQLAlchemy takes longer to make a statement than SQLite to answer it


@cache
def _put(dialect: str, table: type[Table]) -> Any:
    """An INSERT that rewrites the row which has the same primary key."""
    put = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.__table__.primary_key]
    return put.on_conflict_do_update(index_elements=keys, set_={name: value for name, value in put.excluded.items() if name not in keys})


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
    result = Appended()
    incoming = {metric: column for metric, column in _columns(points).items() if len(column)}
    held = _ends(session, run_id, list(incoming))
    fresh = len(points.metrics) - len(held)
    if most_metrics is not None and fresh and (count := count_metrics(session, run_id)) + fresh > most_metrics:
        fresh = len(points.metrics.keys() - set(metric_names(session, run_id)))
        if fresh and count + fresh > most_metrics:
            raise TooManyMetrics(count, fresh)
    writes, encoded, later = Writes(), Encoded(), []
    for metric, given in incoming.items():
        column, repeats = _first_of_each(given)
        end = held.get(metric)
        if end is None or column.steps[0] > end.last_step:
            _append_after(session, run_id, metric, end, column, writes, encoded)
            writes.series.append(_summed_up(run_id, metric, end, column))
        else:
            later.append((metric, end, column))
        if len(repeats):
            later.append((metric, None, repeats))
        result.accepted += len(given)
    writes.execute(session)
    for metric, end, column in later:
        new = _merge(session, run_id, metric, column, result)
        if end is not None and len(new):
            Writes(series=[_summed_up(run_id, metric, end, new)]).execute(session)
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
    writes = Writes()
    for segment in _segments(session, and_(Segment.run_id == run_id, Segment.last_step >= from_step)):
        column = decode(segment)
        kept = column.take(column.steps < from_step)
        writes.gone.append(segment)
        if len(kept):
            writes.segments.append(_segment(run_id, segment.metric, kept))
    writes.execute(session)
    cut = and_(Series.run_id == run_id, Series.last_step >= from_step)
    metrics = session.scalars(select(Series.metric).where(cut)).all()
    session.execute(delete(Series).where(cut), execution_options={"synchronize_session": False})
    for metric in metrics:
        rest = read(session, run_id, metric)
        if len(rest):
            Writes(series=[_summed_up(run_id, metric, None, rest)]).execute(session)


def read(session: Session, run_id: str, metric: str, from_step: int | None = None, to_step: int | None = None) -> Column:
    """A metric's points in ascending order of step, both ends included; empty when the run has no such metric."""
    which = and_(Segment.run_id == run_id, Segment.metric == metric)
    if from_step is not None:
        which = and_(which, Segment.last_step >= from_step)
    if to_step is not None:
        which = and_(which, Segment.first_step <= to_step)
    column = columns.joined([decode(segment) for segment in _segments(session, which)])
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


def decode(segment: Any) -> Column:
    """The points of a row of segments; its count is named `length`."""
    return Column(columns.decode_steps(segment.steps, segment.length), columns.decode_values(segment.values), columns.decode_times(segment.times))


@dataclass
class Writes:
    """Rows to write together, one statement for each table. A segment that is there already under its first step is rewritten."""

    segments: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    gone: list[Any] = field(default_factory=list)

    def execute(self, session: Session) -> None:
        for row in self.gone:
            which = (Segment.run_id == row.run_id, Segment.metric == row.metric, Segment.first_step == row.first_step)
            session.execute(delete(Segment).where(*which), execution_options={"synchronize_session": False})
        for table, rows in ((Segment, self.segments), (Series, self.series)):
            if rows:
                session.connection().execute(_put(session.get_bind().dialect.name, table), rows)


class Encoded:
    """Steps and times are mostly the same for all metrics of one append: each distinct pair is joined and encoded once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Column, dict[str, Any]]] = {}

    def row(self, run_id: str, metric: str, before: Sequence[Any], column: Column) -> dict[str, Any]:
        """The segment that holds the points of `before` and then the column's."""
        name = (*((segment.steps, segment.times, segment.length) for segment in before), id(column.steps), id(column.times))
        values = np.concatenate([*(columns.decode_values(segment.values) for segment in before), column.values])
        if name not in self._known:
            whole = columns.joined([*(decode(segment) for segment in before), column])
            self._known[name] = (column, _segment(run_id, metric, whole))  # the column is kept so that its id stays its own
        same = self._known[name][1]
        return {**same, "metric": metric, "values": columns.encode_values(values)}


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


def _ends(session: Session, run_id: str, metrics: Sequence[str]) -> dict[str, Any]:
    """The summary of each series that is there, and its last segment."""
    rows = session.execute(_ENDS, {"run_id": run_id, "metrics": metrics})
    return {row.metric: row for row in rows}


def _segments(session: Session, which: Any) -> Sequence[Any]:
    return session.execute(select(*SEGMENT_COLUMNS).where(which).order_by(Segment.metric, Segment.first_step)).all()


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
    writes.segments.extend(_split(run_id, metric, columns.joined([decode(tail), column]) if tail is not None else column))


def _segment_before(session: Session, segment: Any) -> Any | None:
    earlier = and_(Segment.run_id == segment.run_id, Segment.metric == segment.metric, Segment.first_step < segment.first_step)
    return session.execute(select(*SEGMENT_COLUMNS).where(earlier).order_by(Segment.first_step.desc()).limit(1)).one_or_none()


def _merge(session: Session, run_id: str, metric: str, column: Column, result: Appended) -> Column:
    """Write points of which some lie among those held. Returns the ones that are new."""
    of_series = and_(Segment.run_id == run_id, Segment.metric == metric)
    left = select(func.max(Segment.first_step)).where(of_series, Segment.first_step <= int(column.steps[0])).scalar_subquery()
    touching = and_(of_series, Segment.first_step <= int(column.steps[-1]), Segment.first_step >= func.coalesce(left, -1))
    touched = _segments(session, touching)
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
        Writes(_split(run_id, metric, together.take(np.argsort(together.steps, kind="stable"))), gone=list(touched)).execute(session)
    return fresh


def _split(run_id: str, metric: str, column: Column) -> list[dict[str, Any]]:
    return [_segment(run_id, metric, column.take(slice(start, start + SEGMENT))) for start in range(0, len(column), SEGMENT)]


def _segment(run_id: str, metric: str, column: Column) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "metric": metric,
        "first_step": int(column.steps[0]),
        "last_step": int(column.steps[-1]),
        "count": len(column),
        "steps": columns.encode_steps(column.steps),
        "values": columns.encode_values(column.values),
        "times": columns.encode_times(column.times),
    }


def _summed_up(run_id: str, metric: str, held: Any | None, fresh: Column) -> dict[str, Any]:
    """The series' summary with points that were just added; `held` is a row of `_ends`."""
    finite = np.isfinite(fresh.values)
    usable = fresh if finite.all() else fresh.take(finite)
    row: dict[str, Any] = {"run_id": run_id, "metric": metric, "count": len(fresh), "non_finite": len(fresh) - len(usable)}
    row |= {"first_step": int(fresh.steps[0]), "last_step": int(fresh.steps[-1]), "last": float(fresh.values[-1])}
    row |= {"min": None, "min_step": None, "max": None, "max_step": None}
    if len(usable):
        low, high = int(usable.values.argmin()), int(usable.values.argmax())
        row |= {"min": float(usable.values[low]), "min_step": int(usable.steps[low])}
        row |= {"max": float(usable.values[high]), "max_step": int(usable.steps[high])}
    if held is None:
        return row
    row["count"] += held.series_count
    row["non_finite"] += held.series_non_finite
    row["first_step"] = min(row["first_step"], held.series_first_step)
    if held.last_step > row["last_step"]:
        row |= {"last_step": held.last_step, "last": held.series_last}
    if row["min"] is None or (held.series_min is not None and (held.series_min, held.series_min_step) < (row["min"], row["min_step"])):
        row |= {"min": held.series_min, "min_step": held.series_min_step}
    if row["max"] is None or (held.series_max is not None and (-held.series_max, held.series_max_step) < (-row["max"], row["max_step"])):
        row |= {"max": held.series_max, "max_step": held.series_max_step}
    return row
