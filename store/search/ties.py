"""Pages in an order of several keys: along the index of the first one, and among runs that are equal in it by the keys that follow."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Double, Text, func, literal, select

from store.search import order, walk
from store.search.order import Order, Place
from store.search.walk import Phase, Placed, Search

FEW = 2_000  # runs that are sorted rather than walked along


def page(search: Search, after: Place | None, limit: int) -> list[Placed]:
    """As Search.page, for any number of keys. Raises ValueError for a place that the order did not give."""
    if len(search.order.keys) == 1:
        return search.page(after, limit)
    phases = search.phases()
    if not phases or search.narrowest().count <= FEW:
        return search.gathered(after, limit)
    found: list[Placed] = []
    for rank, phase in enumerate(phases):
        position = None if after is None else phase.position(after)
        if position == [] or (phase.value is None and search.none_is_missing()):
            continue
        if phase.value is None:
            found += _equal(search, phase.before, order.is_missing(search.order.keys[0].key), after, limit - len(found))
        else:
            found += _along(search, phase, rank, position, after, limit - len(found))
        if len(found) >= limit:
            break
    return found


def _along(search: Search, phase: Phase, rank: int, position: list[Any] | None, after: Place | None, limit: int) -> list[Placed]:
    """From the place's value on: many different values in a row are sorted, one that many runs share is gone through by the other keys."""
    found: list[Placed] = []
    at, is_new = (None, True) if position is None else (position[0], False)
    while len(found) < limit and (ends := _ends(search, phase, at, is_new, walk.STRETCH * limit)) is not None:
        first, last, count = ends
        if last is None or count <= max(FEW, walk.STRETCH * limit):
            found += _sorted(search, phase, first, last, after, limit - len(found))
            if last is None:
                break
            at = last
        else:
            prefix = [*phase.before, order.written(first), *phase.behind]
            found += _equal(search, prefix, order.is_value(search.order.keys[0].key, rank, first), after, limit - len(found))
            at = first
        is_new = True
    return found


def _equal(search: Search, prefix: Place, test: order.Test, after: Place | None, limit: int) -> list[Placed]:
    """Of the runs that are equal in the first key, in the order of the others."""
    inside = after[len(prefix) :] if after is not None and after[: len(prefix)] == prefix else None
    others = replace(search, order=Order(search.order.keys[1:]), also=(*search.also, test), found=[])
    return [Placed(each.run_id, [*prefix, *each.place]) for each in page(others, inside, limit)]


def _ends(search: Search, phase: Phase, at: Any, is_new: bool, length: int) -> tuple[Any, Any, int] | None:
    """The first value from here on, the value so far along the way, and how many runs have a value between, counted up to a bound."""
    descends = search.order.keys[0].descends
    values = select(phase.value).select_from(phase.source).where(*phase.where).with_hint(phase.source, f"INDEXED BY {phase.index}", "sqlite")
    if at is not None:
        here = _literal(at)
        values = values.where(
            (phase.value < here if descends else phase.value > here) if is_new else (phase.value <= here if descends else phase.value >= here)
        )
    values = values.order_by(phase.value.desc() if descends else phase.value.asc())
    connection = search.session.connection()
    first = connection.execute(values.limit(1)).scalar()
    if first is None:
        return None
    last = connection.execute(values.limit(1).offset(length - 1)).scalar()
    if last is None:
        return first, None, 0
    between = values.where(phase.value >= _literal(last) if descends else phase.value <= _literal(last)).limit(max(FEW, length) + 1)
    return first, last, connection.execute(select(func.count()).select_from(between.subquery())).scalar_one()


def _sorted(search: Search, phase: Phase, first: Any, last: Any, after: Place | None, limit: int) -> list[Placed]:
    descends = search.order.keys[0].descends
    low, high = (last, first) if descends else (first, last)
    query = select(phase.run.run_id).select_from(phase.source).where(*phase.where, *phase.tests)
    query = query.with_hint(phase.source, f"INDEXED BY {phase.index}", "sqlite")
    if low is not None:
        query = query.where(phase.value >= _literal(low))
    if high is not None:
        query = query.where(phase.value <= _literal(high))
    return walk.in_order(search.session, query, phase.run, search.order, after, limit)


def _literal(value: Any) -> Any:
    return literal(value, Double if isinstance(value, float) else Text)
