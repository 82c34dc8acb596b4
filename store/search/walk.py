"""A page of runs in an order, found in one of two ways.

Walking: along the index that holds the sorted values, from where the last page ended, asking each run whether the filter lets it through.
That is quick when the filter lets many through, at any depth. Gathering: along the index that holds what the filter lets through, then sorting.
That is quick when these are few. The walk goes first, a stretch at a time, and learns from what it meets; when gathering would be
cheaper than what seems to be left of the walk, the rest of the page is gathered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Double, Text, literal, select, tuple_
from sqlalchemy.orm import Session

from store.search import lanes, order
from store.search.conditions import condition, number_of
from store.search.keys import Key
from store.search.lanes import Narrow
from store.search.order import Order, Place
from store.search.subject import RUNS, Subject
from store.search.syntax import Compare, Filter, In, IsNull, Like

STRETCH = 5  # times as long as the page is the first stretch of a walk
FARTHER = 4  # each further stretch is so many times as long
NO_NUMBER = (0.0).hex()
ALWAYS_THERE = ("id", "state", "name", "created_at")
Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Placed:
    """A run and where it stands in the order asked for."""

    run_id: str
    place: Place


@dataclass(frozen=True)
class Phase:
    """A stretch of an order in which one index holds the runs one after another; `value` is None where the runs lack one.

    `before` and `behind` are what else stands in a place, around the value.
    """

    source: Any
    where: list[Condition]
    run: Subject
    value: Any
    index: str
    before: Place
    behind: Place
    tests: list[Condition]

    @property
    def keys(self) -> list[Any]:
        return [self.run.run_id] if self.value is None else [self.value, self.run.run_id]

    def place(self, row: Any) -> Place:
        return [*self.before, *(order.written(value) for value in row[:-1]), *self.behind, row[-1]]

    def position(self, place: Place) -> list[Any] | None:
        """Where in this phase the place is; None for a place in front of it, an empty list behind it. Raises ValueError."""
        if self.before and place[0] != self.before[0]:
            return None if place[0] < self.before[0] else []
        if self.value is None:
            return [place[-1]]
        value = place[len(self.before)]
        return [float.fromhex(value) if isinstance(self.value.type, Double) else value, place[-1]]


@dataclass
class Search:
    """A page that is being looked for in one project."""

    session: Session
    project_id: str
    filter: Filter | None
    order: Order
    found: list[Placed] = field(default_factory=list)
    _narrow: tuple[Narrow | None, float] | None = None

    def page(self, after: Place | None, limit: int) -> list[Placed]:
        """Raises ValueError for a place that the order did not give."""
        phases = _phases(self.order, self.project_id, lanes.parts(self.filter)) if len(self.order.keys) == 1 else None
        if phases is None:
            return self.gathered(after, limit)
        for phase in phases:
            position = None if after is None else phase.position(after)
            if position != [] and self._walked(phase, position, limit):
                break
        return self.found

    def gathered(self, after: Place | None, limit: int) -> list[Placed]:
        return gathered(self.session, self.project_id, self.filter, self.order, self._narrowest()[0], after, limit)

    def _walked(self, phase: Phase, position: list[Any] | None, limit: int) -> bool:
        """Whether the page is full now."""
        if not phase.tests:
            self.found += self._stretch(phase, position, None, limit - len(self.found))
            return len(self.found) >= limit
        length, passed, met = STRETCH * limit, 0, 0
        while True:
            end = self._end(phase, position, length)
            more = self._stretch(phase, position, end, limit - len(self.found))
            self.found += more
            if len(self.found) >= limit:
                return True
            if end is None:
                return False
            position, passed, met, length = end, passed + length, met + len(more), length * FARTHER
            left = (limit - len(self.found)) * passed / (met + 0.5)
            if self._narrowest()[1] < left:
                self.found += self.gathered(phase.place(position), limit - len(self.found))
                return True

    def _end(self, phase: Phase, position: list[Any] | None, length: int) -> list[Any] | None:
        """The keys of the run so far along the way; None when the way ends before."""
        query = self._way(phase, position, None).limit(1).offset(length - 1)
        row = self.session.connection().execute(query).one_or_none()
        return None if row is None else list(row)

    def _stretch(self, phase: Phase, position: list[Any] | None, end: list[Any] | None, limit: int) -> list[Placed]:
        query = self._way(phase, position, end).where(*phase.tests).limit(limit)
        return [Placed(row[-1], phase.place(row)) for row in self.session.connection().execute(query).all()]

    def _way(self, phase: Phase, position: list[Any] | None, end: list[Any] | None) -> Any:
        keys = phase.keys
        query = select(*keys).select_from(phase.source).where(*phase.where).with_hint(phase.source, f"INDEXED BY {phase.index}", "sqlite")
        descends = self.order.ties_descend
        if position is not None:
            query = query.where(_beyond(keys, position, descends))
        if end is not None:
            query = query.where(~_beyond(keys, end, descends))
        return query.order_by(*(key.desc() if descends else key.asc() for key in keys))

    def _narrowest(self) -> tuple[Narrow | None, float]:
        if self._narrow is None:
            self._narrow = lanes.narrowest(self.session, self.filter, self.project_id)
        return self._narrow


def gathered(
    session: Session, project_id: str | None, filter: Filter | None, by: Order, narrow: Narrow | None, after: Place | None, limit: int, *within: Any
) -> list[Placed]:
    """The page out of all runs that stand in the lanes, or out of all; without a project, `within` says which."""
    query, run = matching(project_id, filter, narrow, *within)
    values = by.values(run)
    named = query.with_only_columns(*(value.label(f"v{index}") for index, value in enumerate(values))).cte().prefix_with("MATERIALIZED")
    columns = by.columns([named.c[f"v{index}"] for index in range(len(values))])
    page = select(*(column.expression for column in columns)).select_from(named).order_by(*(column.in_order for column in columns)).limit(limit)
    if after is not None:
        page = page.where(order.after(columns, after))
    rows = session.connection().execute(page).all()
    return [Placed(row[-1], [order.written(value) for value in row]) for row in rows]


def matching(project_id: str | None, filter: Filter | None, narrow: Narrow | None, *within: Any) -> tuple[Any, Subject]:
    """A SELECT of the ids of all runs that the filter lets through, and who stands in it."""
    if narrow is None or project_id is None:
        source = RUNS.alias()
        run = Subject.row(source)
        query = select(source.c.id).select_from(source).where(*(condition(part, run) for part in lanes.parts(filter)))
        if project_id is None:
            return query.where(*(each(source) for each in within)), run
        return query.where(source.c.project_id == project_id).with_hint(source, "INDEXED BY ix_runs_narrow", "sqlite"), run
    source, where, run, hinted = lanes.base(narrow.lanes, project_id)
    asked = [part for part in lanes.parts(filter) if not (part is narrow.part and narrow.is_exact)]
    return hinted(select(run.run_id).select_from(source).where(*where, *(condition(part, run) for part in asked))), run


def _phases(by: Order, project_id: str, parts: Sequence[Filter]) -> list[Phase] | None:
    """None for a key that no index holds."""
    key = by.keys[0].key
    places = lanes.places(key)
    if not places:
        return None
    found = [_phase(key, project_id, parts, rank, place) for rank, place in enumerate(places)]
    is_there = key.root == "field" and key.name in ALWAYS_THERE
    return found if is_there or any(_needs_value(part, key) for part in parts) else [*found, _missing(key, project_id, parts)]


def _phase(key: Key, project_id: str, parts: Sequence[Filter], rank: int, place: lanes.Place) -> Phase:
    """What the filter says of the sorted value itself bounds the way; the rest is asked of each run."""
    source, where = place.opened(project_id)
    run, value = place.subject(source, project_id), source.c[place.column]
    tests = []
    for part in parts:
        found = lanes.lanes(part) or ()
        if len(found) == 1 and found[0].is_exact and found[0].place == place:
            where.append(found[0].test(value))
        else:
            tests.append(condition(part, run))
    before: Place = [] if key.root == "field" and key.name == "created_at" else [rank]
    behind: Place = []
    if key.root == "config":
        before, behind = (before, [""]) if rank == 0 else ([rank, NO_NUMBER], [])
    is_number = key.root == "metric" or key.is_time
    return Phase(source, where, run, number_of(key, source) if is_number else value, place.index, before, behind, tests)


def _missing(key: Key, project_id: str, parts: Sequence[Filter]) -> Phase:
    source = RUNS.alias()
    run = Subject.row(source)
    where, tests = [source.c.project_id == project_id], [condition(part, run) for part in parts]
    fill: Place = [2, NO_NUMBER, ""] if key.root == "config" else [1, NO_NUMBER if key.is_number or key.is_time else ""]
    if key.root == "field":
        return Phase(source, [*where, source.c[key.name].is_(None)], run, None, lanes.INDEXED_FIELDS[key.name], fill, [], tests)
    return Phase(source, where, run, None, "ix_runs_narrow", fill, [], [*(value.is_(None) for value in order.values(key, run)), *tests])


def _needs_value(part: Filter, key: Key) -> bool:
    if not isinstance(part, Compare | In | Like | IsNull):
        return False
    same = (part.key.root, part.key.name, part.key.part) == (key.root, key.name, key.part)
    return same and (not isinstance(part, IsNull) or part.negated)


def _beyond(keys: Sequence[Any], position: Sequence[Any], descends: bool) -> Any:
    values = [literal(value, Double if isinstance(value, float) else Text) for value in position]
    if len(keys) == 1:
        return keys[0] < values[0] if descends else keys[0] > values[0]
    return tuple_(*keys) < tuple_(*values) if descends else tuple_(*keys) > tuple_(*values)
