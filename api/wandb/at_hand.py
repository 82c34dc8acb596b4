"""Pages of things that are few enough to be read at once: filtered, ordered, and walked by keys, so that deleting what was seen skips nothing."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from api import paging
from api.problems import Problem
from api.wandb import matching
from api.wandb.search_keys import BadFilter

T = TypeVar("T")
PAGE, LARGEST_PAGE = 50, 1_000
MOST = 10_000


class Listing(Generic[T]):
    """What there is to filter and order things of a kind by: the SDK's names, and `value`, which looks one up."""

    def __init__(self, names: Mapping[str, str], orders: Mapping[str, str], key: Callable[[T], str], value: Callable[[T, str], Any]) -> None:
        self._names, self._orders, self._key, self._value = names, orders, key, value

    def matching(self, things: Sequence[T], filters: str | None) -> list[T]:
        """Raises Problem 400 for filters that cannot be read."""
        try:
            accepts = matching.read(filters, self._names)
        except BadFilter as error:
            raise Problem(400, str(error)) from error
        return list(things) if accepts is None else [thing for thing in things if accepts(partial(self._value, thing))]

    def page(self, things: Sequence[T], of: str, asked: Mapping[str, Any], default: str) -> dict[str, Any]:
        """Edges with `_thing`, pageInfo and totalCount. Raises Problem 400 for an order or a cursor that cannot be read."""
        order = asked.get("order") or default
        name, down = order.lstrip("+-"), order.startswith("-")
        if name not in self._orders:
            raise Problem(400, f'There is no order "{order[:80]}"; there are {", ".join(sorted(self._orders))}, each with + or -.')
        rows = sorted(((self._value(thing, self._orders[name]), self._key(thing), thing) for thing in things), key=lambda row: row[:2], reverse=down)
        list_name, limit = f"wandb {of}\n{order}\n{asked.get('filters') or ''}", min(max(asked.get("first") or PAGE, 1), LARGEST_PAGE)
        place = paging.decode(asked.get("after") or None, list_name, *([type(rows[0][0]), str] if rows else [str, str])) if rows else None
        if place is not None:
            rows = [row for row in rows if (row[:2] < place if down else row[:2] > place)]
        shown = rows[:limit]
        edges = [{"_thing": thing, "cursor": paging.encode(list_name, value, key)} for value, key, thing in shown]
        page = {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(rows) > limit, "hasPreviousPage": place is not None}
        return {"edges": edges, "pageInfo": page, "totalCount": len(things)}
