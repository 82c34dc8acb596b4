"""Runs that agree on some keys, as one group each: how many there are and how their metrics spread.

Values are compared by their marks, and whole configs by their fingerprints, the sums of the marks of their leaves (see leaves.py): to leave
a path out is to take its mark away. So the database makes the groups, and reads no config; those shown are read for the groups of the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, cast, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from analysis.leaves import leaves
from analysis.spread import Spread, spread
from store.search.conditions import field_number, text_of
from store.search.keys import Key
from store.search.known import has_below, metrics_of
from store.search.leaves import MODULUS
from store.search.subject import PARAMS, RUNS, SERIES
from store.search.table import Rows, Scope, count

MOST_RUNS = 1_000_000
RUNS_SHOWN = 100
BATCH = 1_000
MANY = 20_000


class TooManyRuns(Exception):
    """More runs than are put into groups at once."""


@dataclass
class Group:
    """`key` is what its runs agree on, by path; None where they have no value. `first` are its least time and id, and its place in the list."""

    first: tuple[float, str]
    run_ids: list[str]
    fields: tuple[Any, ...] = ()
    key: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Spread] = field(default_factory=dict)
    leaves: tuple[Any, ...] = ()
    sorted_by: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """What runs must agree on: `keys`, fields and leaves of the config; or without any, the whole config but the paths `left_out`."""

    keys: Sequence[Key] = ()
    left_out: Sequence[str] = ()

    @property
    def fields(self) -> list[Key]:
        return [key for key in self.keys if key.root == "field"]

    def joined(self, session: Session, project_id: str | None) -> tuple[Any, list[Any]]:
        """A FROM of runs with what is needed of their leaves, and the columns that make a group."""
        if not self.keys:
            return _all_but([(path, project_id is None or has_below(session, project_id, path)) for path in _outermost(self.left_out)])
        source: Any = RUNS
        columns: list[Any] = [field_number(key.name, RUNS) if key.is_number else text_of(key.name, RUNS) for key in self.fields]
        for key in self.keys:
            if key.root == "config":
                source, leaf = _with_leaf(source, key.name)
                columns += [leaf.c.mark_high, leaf.c.mark_low]
        return source, columns

    def agrees_on(self, key: Key) -> bool:
        """Whether all runs of a group have the same there."""
        if self.keys:
            return any((key.root, key.name) == (each.root, each.name) for each in self.keys)
        return key.root == "config" and not any(_is_in(key.name, out) or _is_in(out, key.name) for out in self.left_out)

    def key(self, config: dict[str, Any], fields: Sequence[Any]) -> dict[str, Any]:
        left = iter(fields)
        if self.keys:
            return {_shown(key): next(left) if key.root == "field" else config.get(key.name) for key in self.keys}
        return {f"config.{path}": value for path, value in config.items() if not any(_is_in(path, out) for out in self.left_out)}


@dataclass(frozen=True)
class Page:
    groups: list[Group]
    total: int


def page(session: Session, scope: Scope, by: Grouping, after: tuple[float, str] | None, limit: int) -> Page:
    """Up to `limit` groups behind the place, in the order of their oldest run, and how many groups there are in all. Raises TooManyRuns."""
    groups = _made(session, scope, by).cte().prefix_with("MATERIALIZED")
    place, all_groups = (groups.c.time, groups.c.id), select(func.count(), func.sum(groups.c.n)).select_from(groups)
    query = select(groups).order_by(*place).limit(limit)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*map(literal, after)))
    totals = [all_groups.with_only_columns(each).scalar_subquery() for each in (func.count(), func.sum(groups.c.n))]
    rows = session.connection().execute(query.add_columns(*totals)).all()
    if rows and rows[0][-1] > MOST_RUNS:
        raise TooManyRuns
    return Page([_group(row, len(by.fields)) for row in rows], rows[0][-2] if rows else 0)


def every(session: Session, scope: Scope, by: Grouping, paths: Sequence[str]) -> list[Group]:
    """All groups, oldest first; `leaves`: what their runs have at these paths, a number and the head of a text each. Raises TooManyRuns."""
    if count(session, scope) > MOST_RUNS:
        raise TooManyRuns
    rows = session.connection().execute(_made(session, scope, by, paths)).all()
    return sorted((_group(row, len(by.fields), 2 * len(paths)) for row in rows), key=lambda group: group.first)


def _made(session: Session, scope: Scope, by: Grouping, paths: Sequence[str] = ()) -> Any:
    runs = Rows.of(session, scope)
    source, columns = by.joined(session, runs.project_id)
    keys = [column.label(f"k{index}") for index, column in enumerate(columns)]
    first = [func.min(RUNS.c.created_at).label("time"), func.min(RUNS.c.id).label("id")]
    ids = func.aggregate_strings(RUNS.c.id, ",").label("ids")
    values: list[Any] = []
    for path in paths:
        source, leaf = _with_leaf(source, path)
        values += [func.min(leaf.c.number), func.min(leaf.c.head)]  # all are equal: which is taken is all the same
    return runs.select(*keys, *first, func.count().label("n"), ids, *values, source=source).group_by(*columns)


def _group(row: Any, fields: int, leaves: int = 0) -> Group:
    return Group((row.time, row.id), sorted(row.ids.split(",")), tuple(row[:fields]), leaves=tuple(row[len(row) - leaves :]))


def _all_but(trees: Sequence[tuple[str, bool]]) -> tuple[Any, list[Any]]:
    """`trees` are paths, and whether leaves lie below them."""
    source: Any = RUNS
    taken: list[Any] = [literal(0, BigInteger), literal(0, BigInteger)]
    for path, is_tree in trees:
        if is_tree:
            marks = [_sum_below(path, column) for column in (PARAMS.c.mark_high, PARAMS.c.mark_low)]
        else:
            source, leaf = _with_leaf(source, path)
            marks = [leaf.c.mark_high, leaf.c.mark_low]
        taken = [before + func.coalesce(mark, 0) for before, mark in zip(taken, marks, strict=True)]
    whole = (RUNS.c.leaves_high, RUNS.c.leaves_low)
    return source, [(of_run - less + MODULUS) % MODULUS for of_run, less in zip(whole, taken, strict=True)]


def _sum_below(path: str, column: Any) -> Any:
    at_or_below = or_(PARAMS.c.path == path, and_(PARAMS.c.path > path + ".", PARAMS.c.path < path + "/"))
    return select(cast(func.sum(column), BigInteger)).where(PARAMS.c.run_id == RUNS.c.id, at_or_below).correlate(RUNS).scalar_subquery()


def _with_leaf(source: Any, path: str) -> tuple[Any, Any]:
    leaf = PARAMS.alias()
    return source.outerjoin(leaf, and_(leaf.c.run_id == RUNS.c.id, leaf.c.path == path)), leaf


def describe(session: Session, groups: Sequence[Group], by: Grouping) -> None:
    """Fill in the keys of the groups: from the config of one run of each."""
    configs: dict[str, dict[str, Any]] = {}
    for batch in _batches([group.first[1] for group in groups]):
        configs |= {row.id: leaves(row.config) for row in session.execute(select(RUNS.c.id, RUNS.c.config).where(RUNS.c.id.in_(batch)))}
    for group in groups:
        group.key = by.key(configs.get(group.first[1], {}), group.fields)


def add_metrics(session: Session, scope: Scope, groups: Sequence[Group], metrics: Sequence[str] | None) -> None:
    """Spreads of the last values; `metrics` None is all that the runs have."""
    for group, values in zip(groups, lasts(session, scope, groups, metrics), strict=True):
        spreads = {metric: spread(values[metric]) for metric in sorted(values)}
        group.metrics = {metric: each for metric, each in spreads.items() if each is not None}


def lasts(session: Session, scope: Scope, groups: Sequence[Group], metrics: Sequence[str] | None) -> list[dict[str, list[float]]]:
    """The last values of each group's runs, by metric."""
    place = {run_id: index for index, group in enumerate(groups) for run_id in group.run_ids}
    found: list[dict[str, list[float]]] = [{} for _ in groups]
    for run_id, metric, last in _lasts(session, scope, list(place), metrics):
        if (index := place.get(run_id)) is not None:
            found[index].setdefault(metric, []).append(last)
    return found


def _lasts(session: Session, scope: Scope, run_ids: Sequence[str], metrics: Sequence[str] | None) -> Iterator[tuple[str, str, float]]:
    """(run, metric, last value) of these runs; when they are many, of all runs of the project, which an index holds side by side."""
    columns, connection = (SERIES.c.run_id, SERIES.c.metric, SERIES.c.last), session.connection()
    project_id = scope.project_id(session) if len(run_ids) > MANY else None
    if project_id is not None:
        for metric in metrics_of(session, project_id) if metrics is None else metrics:
            at = (SERIES.c.project_id == project_id, SERIES.c.metric == metric, SERIES.c.last.is_not(None))
            yield from connection.execute(select(*columns).where(*at).with_hint(SERIES, "INDEXED BY ix_series_last", "sqlite")).all()
        return
    query = select(*columns).where(SERIES.c.last.is_not(None), SERIES.c.run_id.in_(bindparam("ids", expanding=True)))
    if metrics is not None:
        query = query.where(SERIES.c.metric.in_(metrics))
    for batch in _batches(run_ids):
        yield from connection.execute(query, {"ids": batch}).all()


def _outermost(paths: Sequence[str]) -> list[str]:
    """Without those that lie in another one: no leaf may be taken out twice."""
    return [path for path in dict.fromkeys(paths) if not any(path != other and _is_in(path, other) for other in paths)]


def _is_in(path: str, other: str) -> bool:
    return path == other or path.startswith(other + ".")


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _shown(key: Key) -> str:
    return f"config.{key.name}" if key.root == "config" else key.name
