"""How many runs have which value at a key: what a picker offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.search.conditions import by_bytes, number_of, text_of
from store.search.keys import Key
from store.search.subject import PARAMS, RUNS, TAGS
from store.search.table import Rows, Scope


@dataclass(frozen=True)
class Facet:
    """Values with their numbers of runs, most runs first; of long texts the first 100 characters. `min` and `max` when there are `more`."""

    values: list[tuple[float | str, int]]
    more: bool
    min: float | None = None
    max: float | None = None


def count(session: Session, scope: Scope, key: Key, limit: int) -> Facet:
    """Up to `limit` values; runs without one are not counted."""
    runs = Rows.of(session, scope)
    if key.root == "tags":
        return _cut(_counted(session, runs.narrowed(select(TAGS.c.tag), TAGS), TAGS.c.tag, limit), limit)
    if key.root == "config":
        return _of_leaf(session, runs, key.name, limit)
    column = number_of(key, RUNS) if key.is_number else by_bytes(text_of(key.name, RUNS))
    return _cut(_counted(session, runs.select(column), column, limit), limit)


def _of_leaf(session: Session, runs: Rows, path: str, limit: int) -> Facet:
    at, number = PARAMS.c.path == path, PARAMS.c.number
    found: list[Any] = []
    for column in (number, PARAMS.c.head):
        query = runs.narrowed(select(column).where(at), PARAMS)
        if runs.passing is None:
            query = query.with_hint(PARAMS, f"INDEXED BY ix_run_params_{column.name}", "sqlite")
        found += _counted(session, query, column, limit)
    facet = _cut(sorted(found, key=lambda each: -each[1]), limit)
    if not facet.more:
        return facet
    bounds = runs.narrowed(select(func.min(number), func.max(number)).where(at, number.is_not(None)), PARAMS)
    return Facet(facet.values, True, *session.connection().execute(bounds).one())


def _counted(session: Session, query: Any, column: Any, limit: int) -> Sequence[Any]:
    counted = query.where(column.is_not(None)).add_columns(func.count().label("runs")).group_by(column)
    return session.connection().execute(counted.order_by(func.count().desc(), column).limit(limit + 1)).all()


def _cut(found: Sequence[Any], limit: int) -> Facet:
    return Facet([(value, runs) for value, runs in found[:limit]], len(found) > limit)
