"""The order of groups by how many runs they have, by how a metric is spread over them, or by what their runs agree on.

Means are exact sums (analysis/spread.py), which no database takes in the same order twice: so groups are put in order here, and a place in the
order means the same on every page. Groups without a value come last, those that are equal stand by their oldest run.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from sqlalchemy.orm import Session

from analysis.spread import part_of
from store.errors import BadSearch
from store.search import groups
from store.search.groups import Group, Grouping, Page
from store.search.keys import Key
from store.search.leaves import HEAD
from store.search.syntax import COUNT, SortKey
from store.search.table import Scope

NUMBER, TEXT, MISSING = range(3)


@total_ordering
@dataclass(frozen=True)
class Descending:
    """A text in the order from z to a."""

    text: str

    def __lt__(self, other: "Descending") -> bool:
        return self.text > other.text


@dataclass(frozen=True)
class Ranking:
    """Raises BadSearch for a key that the runs of a group need not agree on."""

    keys: tuple[SortKey, ...]
    by: Grouping

    def __post_init__(self) -> None:
        for each in self.keys:
            if each.key != COUNT and each.key.root != "metric" and not self.by.agrees_on(each.key):
                raise BadSearch(
                    each.key.column,
                    'groups are sorted by n, by metrics."NAME" (their mean; .sd, .min, .max, .n) or by a key that they are grouped by',
                )

    @property
    def place_kinds(self) -> list[type]:
        return [*([int, str, str] * len(self.keys)), str, str]

    @property
    def paths(self) -> list[str]:
        return list(dict.fromkeys(each.key.name for each in self.keys if each.key.root == "config"))

    @property
    def metrics(self) -> list[Key]:
        return [each.key for each in self.keys if each.key.root == "metric"]

    def place(self, group: Group) -> list[Any]:
        """Where the group stands, to be written down; a number as its hexadecimal text."""
        place: list[Any] = []
        for each in self.keys:
            value = self._value(each, group)
            if value is None:
                place += [MISSING, "", ""]
            else:
                place += [TEXT, "", value[:HEAD]] if isinstance(value, str) else [NUMBER, float(value).hex(), ""]
        return [*place, group.first[0].hex(), group.first[1]]

    def rank(self, place: Sequence[Any]) -> tuple[Any, ...]:
        """A place as what is compared. Raises ValueError for one that was not written by this order."""
        ranks: list[Any] = []
        for index, each in enumerate(self.keys):
            kind, number, text = place[3 * index : 3 * index + 3]
            value = float.fromhex(number) if number else 0.0
            ranks += [kind, -value, Descending(text)] if each.descends else [kind, value, text]
        return (*ranks, float.fromhex(place[-2]), place[-1])

    def _value(self, each: SortKey, group: Group) -> float | str | None:
        key = each.key
        if key == COUNT:
            return len(group.run_ids)
        if key.root == "metric":
            return group.sorted_by[self.metrics.index(key)]
        if key.root == "config":
            number, head = group.leaves[2 * self.paths.index(key.name) :][:2]
            leaf: float | str | None = head if number is None else number
            return leaf
        field: float | str | None = group.fields[[each.name for each in self.by.fields].index(key.name)]
        return field


def page(session: Session, scope: Scope, by: Ranking, after: Sequence[Any] | None, limit: int) -> Page:
    """Up to `limit` groups behind the place, and how many there are in all. Raises TooManyRuns, ValueError for a place of another order."""
    found = groups.every(session, scope, by.by, by.paths)
    if by.metrics:
        for group, values in zip(found, groups.lasts(session, scope, found, list({key.name for key in by.metrics})), strict=True):
            group.sorted_by = tuple(part_of(values.get(key.name, ()), key.part) for key in by.metrics)
    ranked = sorted(((by.rank(by.place(group)), group) for group in found), key=lambda pair: pair[0])
    start = 0 if after is None else bisect.bisect_right(ranked, by.rank(after), key=lambda pair: pair[0])
    return Page([group for _, group in ranked[start : start + limit]], len(ranked))
