"""The rows behind a series: its segments and its summary, read and written without an object for each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from store import columns
from store.columns import Column
from store.tables import Run, Segment, Series, Table

SEGMENT_COLUMNS = (
    Segment.run_id,
    Segment.metric,
    Segment.first_step,
    Segment.count.label("length"),  # a row's own `count` is a tuple's
    Segment.steps,
    Segment.values,
    Segment.times,
)


NOT_SUMMED = ("run_id", "metric", "project_id", "last_step")


def _ends_query() -> Select[Any]:
    later = aliased(Segment)
    newest = select(func.max(later.first_step)).where(later.run_id == Series.run_id, later.metric == Series.metric).scalar_subquery()
    of_series = and_(Segment.run_id == Series.run_id, Segment.metric == Series.metric, Segment.first_step == newest)
    summary = [column.label(f"series_{column.name}") for column in Series.__table__.columns if column.name not in NOT_SUMMED]
    query = select(*SEGMENT_COLUMNS, Series.last_step.label("last_step"), *summary).select_from(Series).join(Segment, of_series)
    return query.where(Series.run_id.in_(bindparam("run_ids", expanding=True)), Series.metric.in_(bindparam("metrics", expanding=True)))


_ENDS = _ends_query()  # made once: SQLAlchemy takes longer to make a statement than SQLite to answer it


@cache
def _put(dialect: str, table: type[Table]) -> Any:
    """An INSERT that rewrites the row which has the same primary key."""
    put = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.__table__.primary_key]
    if table is Series:
        put = put.values(project_id=select(Run.project_id).where(Run.id == bindparam("of_run")).scalar_subquery())
    rewritten = {name: value for name, value in put.excluded.items() if name not in (*keys, "project_id")}
    return put.on_conflict_do_update(index_elements=keys, set_=rewritten)


def decode(segment: Any) -> Column:
    """The points of a row of segments; its count is named `length`."""
    return Column(columns.decode_steps(segment.steps, segment.length), columns.decode_values(segment.values), columns.decode_times(segment.times))


def ends(session: Session, run_ids: Sequence[str], metrics: Sequence[str]) -> dict[tuple[str, str], Any]:
    """The summary of each series that is there, and its last segment, by run and metric."""
    rows = session.execute(_ENDS, {"run_ids": run_ids, "metrics": metrics})
    return {(row.run_id, row.metric): row for row in rows}


def matching(session: Session, which: Any) -> Sequence[Any]:
    return session.execute(select(*SEGMENT_COLUMNS).where(which).order_by(Segment.metric, Segment.first_step)).all()


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
        series = [{**row, "of_run": row["run_id"]} for row in self.series]
        for table, rows in ((Segment, self.segments), (Series, series)):
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
            self._known[name] = (column, segment_row(run_id, metric, whole))  # the column is kept so that its id stays its own
        same = self._known[name][1]
        return {**same, "metric": metric, "values": columns.encode_values(values)}


def segment_row(run_id: str, metric: str, column: Column) -> dict[str, Any]:
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


def summed_up(run_id: str, metric: str, held: Any | None, fresh: Column) -> dict[str, Any]:
    """The series' summary with points that were just added; `held` is a row of `ends`."""
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
