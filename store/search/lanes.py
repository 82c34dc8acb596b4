"""Lanes: stretches of an index that hold the runs which one comparison lets through."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Double, func, literal, select, union
from sqlalchemy.orm import Session

from store.search.conditions import at_a_time, moment, number_test, signed, tag_text
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.subject import PARAMS, RUNS, SERIES, TAGS, WALKED, Subject
from store.search.syntax import And, Compare, Filter, In, Or, Value

Condition = ColumnElement[bool]
INDEXED_FIELDS = {
    "id": "ix_runs_narrow",
    "state": "ix_runs_project_id_state",
    "name": "ix_runs_project_id_name",
    "created_at": "ix_runs_project_id_created_at_id",
    "started_at": "ix_runs_project_id_started_at",
    "finished_at": "ix_runs_project_id_finished_at",
    "config_digest": "ix_runs_project_id_config_digest",
}
MOST_COUNTED = 50_000
BESIDE, AT_ONCE = 4, 4  # of a stretch, so many runs are read while one is looked up
SUMS = ("last", "min", "max")


@dataclass(frozen=True)
class Place:
    """Where the values of a key lie in order: a column of a table, for configs and metrics those of one name."""

    table: Any
    column: str
    index: str
    name: str | None = None

    def opened(self, project_id: str) -> tuple[Any, list[Condition]]:
        """The table under another name, and what narrows it to the values that are there."""
        source = WALKED[self.table]
        where = [source.c.project_id == project_id, source.c[self.column].is_not(None)]
        if self.name is not None:
            where.append((source.c.path if self.table is PARAMS else source.c.metric) == self.name)
        return source, where

    def hint(self, query: Any, source: Any) -> Any:
        """SQLite is told which index it is; with statistics that are old or missing it would guess. PostgreSQL keeps its own."""
        return query.with_hint(source, f"INDEXED BY {self.index}", "sqlite")

    def subject(self, source: Any, project_id: str) -> Subject:
        return Subject.row(source) if self.table is RUNS else Subject(source, source.c.run_id, project_id)


@dataclass(frozen=True)
class Lane:
    """`is_exact`: whoever stands in it passes the comparison, so that it need not be asked again."""

    place: Place
    test: Callable[[Any], Condition]
    is_exact: bool = True

    def opened(self, project_id: str) -> tuple[Any, list[Condition]]:
        source, where = self.place.opened(project_id)
        return source, [*where, self.test(source.c[self.place.column])]


Lanes = tuple[Lane, ...]  # any of them


@dataclass(frozen=True)
class Narrow:
    """A part of a filter, all of whose runs stand in these lanes."""

    part: Filter
    lanes: Lanes

    @property
    def is_exact(self) -> bool:
        return all(lane.is_exact for lane in self.lanes)


@dataclass(frozen=True)
class Way:
    """How to gather the runs that a filter lets through: along what narrows them down to `count`, None when all leave too many.

    `beside` narrows them down about as much: who stands in there is quicker read as one stretch than looked up run by run.
    """

    narrow: Narrow | None
    count: float
    beside: tuple[Narrow, ...] = ()
    effort: float = math.inf  # in values of a run that are looked up one by one


def places(key: Key) -> list[Place]:
    """Where an index holds the values of the key in order; none for what no index holds."""
    if key.root == "config":
        return [Place(PARAMS, column, f"ix_run_params_{column}", key.name) for column in ("number", "head")]
    if key.root == "metric":
        return [Place(SERIES, key.part, f"ix_series_{key.part}", key.name)] if key.part in SUMS else []
    return [Place(RUNS, key.name, INDEXED_FIELDS[key.name])] if key.name in INDEXED_FIELDS else []


def parts(of: Filter | None) -> list[Filter]:
    """What must all hold."""
    if of is None:
        return []
    return [part for each in of.parts for part in parts(each)] if isinstance(of, And) else [of]


def lanes(of: Filter) -> Lanes | None:
    """Whoever passes stands in one of these; None when no index narrows it down."""
    if isinstance(of, Or):
        each = [lanes(part) for part in of.parts]
        return None if any(found is None for found in each) else tuple(lane for found in each for lane in found or ())
    if isinstance(of, And):
        narrowed = next((found for part in of.parts if (found := lanes(part)) is not None), None)
        return None if narrowed is None else tuple(replace(lane, is_exact=False) for lane in narrowed)
    if isinstance(of, Compare) and of.sign != "!=":
        return _tag_lanes([of.value]) if of.key.root == "tags" else _one(_comparison(of.key, of.sign, of.value))
    if isinstance(of, In) and not of.negated:
        return _tag_lanes(of.values) if of.key.root == "tags" else _list(of.key, of.values)
    return None


def narrow(of: Filter | None) -> list[Narrow]:
    """All that an index narrows down, of what must hold."""
    return [Narrow(part, found) for part in parts(of) if (found := lanes(part))]


def narrowest(session: Session, of: Filter | None, project_id: str) -> Way:
    """What narrows the runs down the most."""
    counted = [(how_many(session, each.lanes, project_id, MOST_COUNTED), place, each) for place, each in enumerate(narrow(of))]
    counted = sorted(each for each in counted if each[0] < MOST_COUNTED)
    if not counted:
        return Way(None, math.inf)
    (count, _, best), *others = counted
    beside = [(more, each) for more, _, each in others if each.is_exact and more <= BESIDE * count]
    tests = len(parts(of)) - best.is_exact - len(beside)
    return Way(best, count, tuple(each for _, each in beside), count * max(tests, 1 / AT_ONCE) + sum(more for more, _ in beside) / AT_ONCE)


def base(found: Lanes, project_id: str) -> tuple[Any, list[Condition], Subject, Callable[[Any], Any]]:
    """A FROM of the runs in the lanes, each once: the table or subquery, its conditions, who stands in it, and the hints it needs."""
    if len(found) == 1:
        (lane,) = found
        source, where = lane.opened(project_id)
        return source, where, lane.place.subject(source, project_id), lambda query: lane.place.hint(query, source)
    together = standing(found, project_id).subquery()
    return together, [], Subject(together, together.c.run_id, project_id), lambda query: query


def standing(found: Lanes, project_id: str) -> Any:
    """A SELECT of the ids of the runs in the lanes."""
    each = [_ids(lane, project_id) for lane in found]
    return each[0] if len(each) == 1 else union(*each)


def held(session: Session, place: Place, project_id: str) -> int:
    """How many runs of the project have a value there."""
    source, where = place.opened(project_id)
    counted = place.hint(select(func.count()).select_from(source).where(*where), source)
    return int(session.connection().execute(counted).scalar_one())


def how_many(session: Session, found: Lanes, project_id: str, most: int) -> int:
    """Who stands in the lanes, counted up to `most`; those in several of them are counted several times."""
    each = [_ids(lane, project_id, plain=True).limit(most).subquery() for lane in found]
    return sum(session.connection().execute(select(func.count()).select_from(few)).scalar_one() for few in each)


def _ids(lane: Lane, project_id: str, plain: bool = False) -> Any:
    source, where = lane.opened(project_id)
    run_id = lane.place.subject(source, project_id).run_id
    ids = select(literal(1) if plain else run_id.label("run_id")).select_from(source).where(*where)
    return lane.place.hint(ids.correlate(None), source)


def _one(lane: Lane | None) -> Lanes | None:
    return None if lane is None else (lane,)


def _comparison(key: Key, sign: str, value: Value) -> Lane | None:
    found = places(key)
    if not found:
        return None
    if key.is_time:
        at = moment(value)
        return Lane(found[0], lambda column: at_a_time(column, sign, at))
    if isinstance(value.plain, float):
        return Lane(found[0], number_test(sign, value.plain)) if key.root != "field" else None
    text = value.plain
    if key.root == "config":
        if len(text) >= HEAD:
            return Lane(found[1], lambda column: signed(column, sign if sign == "=" else sign[0] + "=", text[:HEAD]), is_exact=False)
        return Lane(found[1], lambda column: signed(column, sign, text))
    return Lane(found[0], lambda column: column == text) if key.root == "field" and sign == "=" else None


def _list(key: Key, values: Sequence[Value]) -> Lanes | None:
    found = places(key)
    if not found or key.is_time:
        return None
    numbers = [literal(value.plain, Double) for value in values if isinstance(value.plain, float)]
    texts = [value.plain for value in values if isinstance(value.plain, str)]
    lane_list = []
    if numbers and key.root != "field":
        lane_list.append(Lane(found[0], lambda column: column.in_(numbers)))
    if texts and key.root == "config":
        heads = [text[:HEAD] for text in texts]
        lane_list.append(Lane(found[1], lambda column: column.in_(heads), is_exact=max(map(len, texts)) < HEAD))
    elif texts and key.root == "field":
        lane_list.append(Lane(found[0], lambda column: column.in_(texts)))
    return tuple(lane_list) or None


def _tag_lanes(values: Sequence[Value]) -> Lanes:
    place = Place(TAGS, "tag", "ix_run_tags_tag")
    return tuple(Lane(place, _is(tag)) for tag in dict.fromkeys(map(tag_text, values)))


def _is(value: str) -> Callable[[Any], Condition]:
    return lambda column: column == value
