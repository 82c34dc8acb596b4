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
from store.search.lanes import Way
from store.search.order import Order, Place, Test
from store.search.subject import RUNS, WALKED, Subject
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
    also: tuple[Test, ...] = ()
    found: list[Placed] = field(default_factory=list)
    _way: Way | None = None

    def page(self, after: Place | None, limit: int) -> list[Placed]:
        """Raises ValueError for a place that the order did not give."""
        phases = self.phases()
        if not phases:
            return self.gathered(after, limit)
        for phase in phases:
            position = None if after is None else phase.position(after)
            if position == [] or (phase.value is None and self.none_is_missing()):
                continue
            if self._walked(phase, position, limit):
                break
        return self.found

    def phases(self) -> list[Phase]:
        """Of the first key; none when no index holds it."""
        key, parts = self.order.keys[0].key, lanes.parts(self.filter)
        found = [self._phase(key, parts, rank, place) for rank, place in enumerate(lanes.places(key))]
        is_there = key.root == "field" and key.name in ALWAYS_THERE
        return found if not found or is_there or any(_needs_value(part, key) for part in parts) else [*found, self._missing(key, parts)]

    def none_is_missing(self) -> bool:
        """Whether every run of the project is known to have a value at the first key: counted along indexes, so that nobody looks for the others."""
        key = self.order.keys[0].key
        if key.root == "field":
            return False
        every = lanes.Place(RUNS, "id", "ix_runs_narrow")
        every_run, *held = (lanes.held(self.session, place, self.project_id) for place in (every, *lanes.places(key)))
        return every_run == sum(held)

    def gathered(self, after: Place | None, limit: int) -> list[Placed]:
        query, run = matching(self.project_id, self.filter, self.narrowest(), *self.also)
        return in_order(self.session, query, run, self.order, after, limit)

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
            if self.narrowest().effort < left * len(phase.tests):
                self.found += self.gathered(phase.place(position), limit - len(self.found))
                return True

    def _end(self, phase: Phase, position: list[Any] | None, length: int) -> list[Any] | None:
        """The keys of the run so far along the way; None when the way ends before."""
        query = self.way(phase, position, None).limit(1).offset(length - 1)
        row = self.session.connection().execute(query).one_or_none()
        return None if row is None else list(row)

    def _stretch(self, phase: Phase, position: list[Any] | None, end: list[Any] | None, limit: int) -> list[Placed]:
        query = self.way(phase, position, end).where(*phase.tests).limit(limit)
        return [Placed(row[-1], phase.place(row)) for row in self.session.connection().execute(query).all()]

    def way(self, phase: Phase, position: list[Any] | None, end: list[Any] | None) -> Any:
        keys = phase.keys
        query = select(*keys).select_from(phase.source).where(*phase.where).with_hint(phase.source, f"INDEXED BY {phase.index}", "sqlite")
        descends = self.order.ties_descend
        if position is not None:
            query = query.where(beyond(keys, position, descends))
        if end is not None:
            query = query.where(~beyond(keys, end, descends))
        return query.order_by(*(key.desc() if descends else key.asc() for key in keys))

    def narrowest(self) -> Way:
        if self._way is None:
            self._way = lanes.narrowest(self.session, self.filter, self.project_id)
        return self._way

    def _phase(self, key: Key, parts: Sequence[Filter], rank: int, place: lanes.Place) -> Phase:
        """What the filter says of the sorted value itself bounds the way; the rest is asked of each run."""
        source, where = place.opened(self.project_id)
        run, value = place.subject(source, self.project_id), source.c[place.column]
        tests = _tests(run, [], self.also)
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

    def _missing(self, key: Key, parts: Sequence[Filter]) -> Phase:
        source = WALKED[RUNS]
        run = Subject.row(source)
        where, tests = [source.c.project_id == self.project_id], _tests(run, parts, self.also)
        fill: Place = [2, NO_NUMBER, ""] if key.root == "config" else [1, NO_NUMBER if key.is_number or key.is_time else ""]
        if key.root == "field":
            return Phase(source, [*where, source.c[key.name].is_(None)], run, None, lanes.INDEXED_FIELDS[key.name], fill, [], tests)
        return Phase(source, where, run, None, "ix_runs_narrow", fill, [], [order.is_missing(key)(run), *tests])


def in_order(session: Session, query: Any, run: Subject, by: Order, after: Place | None, limit: int) -> list[Placed]:
    """A page of the runs that a SELECT finds, all of them looked at and sorted."""
    values = by.values(run)
    if not run.is_row or any(each.key.root != "field" for each in by.keys):  # what must be looked up is looked up once
        named = query.with_only_columns(*(value.label(f"v{index}") for index, value in enumerate(values))).cte().prefix_with("MATERIALIZED")
        query, values = select(literal(1)).select_from(named), [named.c[f"v{index}"] for index in range(len(values))]
    columns = by.columns(values)
    page = query.with_only_columns(*(column.expression for column in columns)).order_by(*(column.in_order for column in columns)).limit(limit)
    if after is not None:
        page = page.where(order.after(columns, after))
    return [Placed(row[-1], [order.written(value) for value in row]) for row in session.connection().execute(page).all()]


def matching(project_id: str | None, filter: Filter | None, way: Way | None, *also: Test) -> tuple[Any, Subject]:
    """A SELECT of the ids of all runs that the filter and the further tests let through, and who stands in it."""
    narrow = None if way is None else way.narrow
    if way is None or narrow is None or project_id is None:
        source = WALKED[RUNS]
        run = Subject.row(source)
        query = select(source.c.id).select_from(source).where(*_tests(run, lanes.parts(filter), also))
        if project_id is None:
            return query, run
        return query.where(source.c.project_id == project_id).with_hint(source, "INDEXED BY ix_runs_narrow", "sqlite"), run
    source, where, run, hinted = lanes.base(narrow.lanes, project_id)
    known = [*([narrow.part] if narrow.is_exact else []), *(each.part for each in way.beside)]
    asked = [part for part in lanes.parts(filter) if not any(part is each for each in known)]
    beside = [run.run_id.in_(lanes.standing(each.lanes, project_id)) for each in way.beside]
    return hinted(select(run.run_id).select_from(source).where(*where, *beside, *_tests(run, asked, also))), run


def _tests(run: Subject, parts: Sequence[Filter], also: Sequence[Test]) -> list[Condition]:
    return [*(condition(part, run) for part in parts), *(test(run) for test in also)]


def _needs_value(part: Filter, key: Key) -> bool:
    if not isinstance(part, Compare | In | Like | IsNull):
        return False
    same = (part.key.root, part.key.name, part.key.part) == (key.root, key.name, key.part)
    return same and (not isinstance(part, IsNull) or part.negated)


def beyond(keys: Sequence[Any], position: Sequence[Any], descends: bool) -> Any:
    values = [literal(value, Double if isinstance(value, float) else Text) for value in position]
    if len(keys) == 1:
        return keys[0] < values[0] if descends else keys[0] > values[0]
    return tuple_(*keys) < tuple_(*values) if descends else tuple_(*keys) > tuple_(*values)
