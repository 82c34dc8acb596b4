"""The order of a list of runs as columns that are never NULL, so that a place in it can be written down and gone on from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, Select, SQLColumnExpression, Text, and_, case, func, literal, or_, tuple_
from sqlalchemy.orm import aliased

from store.search.conditions import by_bytes, number_of, text_of
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.syntax import SortKey
from store.tables import Run, RunParam, Series

Place = list[Any]


@dataclass(frozen=True)
class Column:
    """One column of an order; in a place, a float stands as its hexadecimal text, which keeps the infinities."""

    expression: SQLColumnExpression[Any]
    descends: bool
    kind: type

    @property
    def in_order(self) -> SQLColumnExpression[Any]:
        return self.expression.desc() if self.descends else self.expression.asc()

    def written(self, value: Any) -> Any:
        return float(value).hex() if self.kind is float else value

    def read(self, value: Any) -> SQLColumnExpression[Any]:
        """Raises ValueError."""
        if self.kind is float:
            return literal(float.fromhex(value), Double)
        if self.kind is int:
            return literal(min(max(value, 0), 2), Integer)
        return literal(value, Text)


@dataclass(frozen=True)
class Order:
    """Columns to sort by, the last of which tells any two runs apart, and what must be joined to have them."""

    columns: tuple[Column, ...]
    joins: tuple[tuple[Any, ColumnElement[bool]], ...] = ()

    @property
    def place_kinds(self) -> list[type]:
        return [str if column.kind is float else column.kind for column in self.columns]

    def applied(self, query: Select[Any]) -> Select[Any]:
        for table, on in self.joins:
            query = query.outerjoin(table, on)
        return query.order_by(*(column.in_order for column in self.columns))

    def after(self, place: Sequence[Any]) -> ColumnElement[bool]:
        """What comes behind the place. Raises ValueError for one that was not written by this order."""
        expressions = [column.expression for column in self.columns]
        values = [column.read(value) for column, value in zip(self.columns, place, strict=True)]
        if all(column.descends for column in self.columns):  # one comparison, which an index on them serves
            return tuple_(*expressions) < tuple_(*values)
        equal = [expression == value for expression, value in zip(expressions, values, strict=True)]
        beyond = [
            column.expression < value if column.descends else column.expression > value for column, value in zip(self.columns, values, strict=True)
        ]
        return or_(*(and_(*equal[:index], further) for index, further in enumerate(beyond)))

    def place(self, values: Sequence[Any]) -> Place:
        return [column.written(value) for column, value in zip(self.columns, values, strict=True)]


def order(keys: Sequence[SortKey]) -> Order:
    """Newest first without keys; else by the keys, then by age. Runs without a value come last in both directions."""
    if not keys:
        return Order((Column(Run.created_at, True, float), Column(Run.id, True, str)))
    columns: list[Column] = []
    joins: list[tuple[Any, ColumnElement[bool]]] = []
    for each in keys:
        more, join = _columns(each.key, each.descends)
        columns += more
        joins += join
    return Order((*columns, Column(Run.created_at, False, float), Column(Run.id, False, str)), tuple(joins))


def _columns(key: Key, descends: bool) -> tuple[list[Column], list[tuple[Any, ColumnElement[bool]]]]:
    if key.root == "config":
        table = aliased(RunParam)
        rank = case((table.number.is_not(None), 0), (table.head.is_not(None), 1), else_=2)
        columns = [Column(rank, False, int), _number(table.number, descends), _text(table.head, descends)]
        return columns, [(table, and_(table.run_id == Run.id, table.path == key.name))]
    if key.root == "metric":
        sums = aliased(Series)
        value = number_of(key, sums)
        return [_missing_last(value), _number(value, descends)], [(sums, and_(sums.run_id == Run.id, sums.metric == key.name))]
    if key.name == "created_at":
        return [Column(Run.created_at, descends, float)], []
    if key.is_number or key.is_time:
        return [_missing_last(number_of(key)), _number(number_of(key), descends)], []
    text = text_of(key.name)
    return [_missing_last(text), _text(func.substr(text, 1, HEAD), descends)], []


def _missing_last(value: SQLColumnExpression[Any]) -> Column:
    return Column(case((value.is_not(None), 0), else_=1), False, int)


def _number(value: SQLColumnExpression[Any], descends: bool) -> Column:
    return Column(func.coalesce(value, literal(0.0, Double)), descends, float)


def _text(value: SQLColumnExpression[Any], descends: bool) -> Column:
    return Column(by_bytes(func.coalesce(value, "")), descends, str)
