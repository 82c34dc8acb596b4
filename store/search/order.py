"""The order of a list of runs as columns that are never NULL, so that a place in it can be written down and gone on from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, SQLColumnExpression, Text, and_, case, false, func, literal, or_, tuple_

from store.search.conditions import by_bytes, number_of, text_of
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.subject import PARAMS, SERIES, Subject
from store.search.syntax import SortKey

Place = list[Any]
Test = Callable[[Subject], ColumnElement[bool]]
WHOLE_TEXTS = ("state", "name", "id", "external_id", "origin", "node", "config_digest", "baseline", "rerun_of", "group", "job_type", "sweep")


@dataclass(frozen=True)
class Column:
    """One column of an order; in a place, a float stands as its hexadecimal text, which keeps the infinities."""

    expression: SQLColumnExpression[Any]
    descends: bool
    kind: type

    @property
    def in_order(self) -> SQLColumnExpression[Any]:
        return self.expression.desc() if self.descends else self.expression.asc()


def written(value: Any) -> Any:
    return value.hex() if isinstance(value, float) else value


def read(value: Any, kind: type) -> SQLColumnExpression[Any]:
    """Raises ValueError."""
    if kind is float:
        return literal(float.fromhex(value), Double)
    if kind is int:
        return literal(min(max(value, 0), 2), Integer)
    return literal(value, Text)


@dataclass(frozen=True)
class Order:
    """Keys to sort by, missing values last; ties by id, which is by age, in the direction of the last key."""

    keys: tuple[SortKey, ...]

    @property
    def ties_descend(self) -> bool:
        return self.keys[-1].descends

    @property
    def place_kinds(self) -> list[type]:
        kinds = [kind for each in self.keys for kind in _kinds(each.key)]
        return [str if kind is float else kind for kind in (*kinds, str)]

    def values(self, run: Subject) -> list[SQLColumnExpression[Any]]:
        """What the columns are made of, NULL where it is missing, and last the run's id."""
        return [*(value for each in self.keys for value in values(each.key, run)), run.run_id]

    def columns(self, values: Sequence[SQLColumnExpression[Any]]) -> list[Column]:
        left = list(values)
        found = [column for each in self.keys for column in _columns(each, left)]
        return [*found, Column(left.pop(), self.ties_descend, str)]


def order(keys: Sequence[SortKey]) -> Order:
    """Newest first without keys."""
    return Order(tuple(keys) or (SortKey(Key("field", "created_at"), True),))


def after(columns: Sequence[Column], place: Sequence[Any]) -> ColumnElement[bool]:
    """What comes behind the place. Raises ValueError for one that was not written by this order."""
    expressions = [column.expression for column in columns]
    values = [read(value, column.kind) for column, value in zip(columns, place, strict=True)]
    if all(column.descends for column in columns):
        return tuple_(*expressions) < tuple_(*values)
    equal = [expression == value for expression, value in zip(expressions, values, strict=True)]
    beyond = [column.expression < value if column.descends else column.expression > value for column, value in zip(columns, values, strict=True)]
    return or_(*(and_(*equal[:index], further) for index, further in enumerate(beyond)))


def _kinds(key: Key) -> list[type]:
    if key.root == "config":
        return [int, float, str]
    if key.name == "created_at":
        return [float]
    return [int, float if key.is_number or key.is_time else str]


def values(key: Key, run: Subject) -> list[SQLColumnExpression[Any]]:
    """What the key's columns are made of: all NULL for a run without a value."""
    if key.root == "config":
        return [run.leaf(key.name, PARAMS.c.number), run.leaf(key.name, PARAMS.c.head)]
    if key.root == "metric":
        return [run.metric(key.name, number_of(key, SERIES))]
    if key.is_number or key.is_time:
        return [run.value(lambda row: number_of(key, row))]
    return [run.value(lambda row: _sorted_text(key.name, row))]


def is_missing(key: Key) -> Test:
    return lambda run: and_(*(value.is_(None) for value in values(key, run)))


def is_value(key: Key, rank: int, value: Any) -> Test:
    """That the run has this value at the key; of a config, rank 1 is the head of a text."""
    at, wanted = rank if key.root == "config" else 0, literal(value, Double if isinstance(value, float) else Text)
    return lambda run: func.coalesce(values(key, run)[at] == wanted, false())


def _sorted_text(field: str, row: Any) -> SQLColumnExpression[Any]:
    text = text_of(field, row)
    return text if field in WHOLE_TEXTS else func.substr(text, 1, HEAD)


def _columns(each: SortKey, values: list[SQLColumnExpression[Any]]) -> list[Column]:
    """Takes what the key needs off the front of `values`."""
    value = values.pop(0)
    if each.key.root == "config":
        head = values.pop(0)
        rank = case((value.is_not(None), 0), (head.is_not(None), 1), else_=2)
        return [Column(rank, False, int), _number(value, each.descends), _text(head, each.descends)]
    if each.key.name == "created_at":
        return [Column(value, each.descends, float)]
    make: Callable[[SQLColumnExpression[Any], bool], Column] = _number if each.key.is_number or each.key.is_time else _text
    return [Column(case((value.is_not(None), 0), else_=1), False, int), make(value, each.descends)]


def _number(value: SQLColumnExpression[Any], descends: bool) -> Column:
    return Column(func.coalesce(value, literal(0.0, Double)), descends, float)


def _text(value: SQLColumnExpression[Any], descends: bool) -> Column:
    return Column(by_bytes(func.coalesce(value, "")), descends, str)
