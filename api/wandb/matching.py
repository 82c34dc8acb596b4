"""Mongo-like filters over a few things at hand, such as collections and versions: what runs are filtered by is search_keys.py's.

A filter is a function of a lookup, which gives the value that a thing has under a name: a text, a number, or a list of which one must fit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from api.wandb.regexes import LONGEST_PATTERN, BadPattern, compiled
from api.wandb.search_keys import BadFilter

DEEPEST, MOST_TESTS, LONGEST = 12, 200, 100_000
Lookup = Callable[[str], Any]
Accepts = Callable[[Lookup], bool]


def read(text: str | None, names: Mapping[str, str]) -> Accepts | None:
    """What lets a thing through; None when all are. `names` are the accepted ones and what each is looked up by. Raises BadFilter."""
    if not text:
        return None
    if len(text) > LONGEST:
        raise BadFilter(f"Filters take at most {LONGEST:,} characters; got {len(text):,}.")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFilter(f"Filters are not JSON: {error}.") from error
    return _Reading(names).all_of(document, 0) if document else None


class _Reading:
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names, self._tests = names, 0

    def all_of(self, document: Any, depth: int) -> Accepts:
        if not isinstance(document, dict) or depth > DEEPEST:
            raise BadFilter(f"A filter takes an object of names and conditions, at most {DEEPEST} levels deep; got {str(document)[:80]}.")
        parts = [self._part(name, wanted, depth) for name, wanted in document.items()]
        return lambda lookup: all(part(lookup) for part in parts)

    def _part(self, name: str, wanted: Any, depth: int) -> Accepts:
        if name in ("$and", "$or", "$nor"):
            if not isinstance(wanted, list):
                raise BadFilter(f"{name} takes a list of filters; got {str(wanted)[:80]}.")
            parts = [self.all_of(each, depth + 1) for each in wanted]
            if name == "$and":
                return lambda lookup: all(part(lookup) for part in parts)
            found: Accepts = lambda lookup: any(part(lookup) for part in parts)  # noqa: E731
            return found if name == "$or" else lambda lookup: not found(lookup)
        if name == "$not":
            inner = self.all_of(wanted, depth + 1)
            return lambda lookup: not inner(lookup)
        known, _, rest = name.partition(".")
        if known not in self._names:
            raise BadFilter(f'There is nothing to filter by called "{name[:80]}"; there are {", ".join(sorted(self._names))}.')
        key = self._names[known] + (f".{rest}" if rest else "")
        test = self._test(wanted, depth)
        return lambda lookup: test(lookup(key))

    def _test(self, wanted: Any, depth: int) -> Callable[[Any], bool]:
        self._tests += 1
        if self._tests > MOST_TESTS or depth > DEEPEST:
            raise BadFilter(f"Filters take at most {MOST_TESTS} comparisons, {DEEPEST} levels deep.")
        if not isinstance(wanted, dict):
            return lambda held: _equal(held, wanted)
        tests = [self._operator(name, value, depth) for name, value in wanted.items()]
        return lambda held: all(test(held) for test in tests)

    def _operator(self, name: str, wanted: Any, depth: int) -> Callable[[Any], bool]:
        if name == "$not":
            inner = self._test(wanted, depth + 1)
            return lambda held: not inner(held)
        if name == "$regex":
            return _pattern(wanted)
        make = OPERATORS.get(name)
        if make is None:
            raise BadFilter(
                f'There is no operator "{name[:40]}"; there are {", ".join(sorted([*OPERATORS, "$not", "$regex", "$and", "$or", "$nor"]))}.'
            )
        if name in ("$in", "$nin", "$all") and not isinstance(wanted, list):
            raise BadFilter(f"{name} takes a list; got {str(wanted)[:80]}.")
        return lambda held: make(held, wanted)


def _pattern(wanted: Any) -> Callable[[Any], bool]:
    if not isinstance(wanted, str) or len(wanted) > LONGEST_PATTERN:
        raise BadFilter(f"$regex takes a pattern of at most {LONGEST_PATTERN:,} characters.")
    try:
        found = compiled(wanted, folds=False)
    except BadPattern as error:
        raise BadFilter(f"$regex: {error}.") from error
    return lambda held: any(isinstance(one, str) and found.search(one) is not None for one in _each(held))


def _each(held: Any) -> Sequence[Any]:
    return held if isinstance(held, list) else [held]


def _equal(held: Any, wanted: Any) -> bool:
    return held == wanted or (isinstance(held, list) and wanted in held)


def _compared(fits: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers with numbers and texts with texts; nothing else is more or less than anything."""

    def test(held: Any, wanted: Any) -> bool:
        kind = str if isinstance(wanted, str) else (int, float)
        return any(isinstance(one, kind) and isinstance(wanted, kind) and fits(one, wanted) for one in _each(held))

    return test


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda held, wanted: not _equal(held, wanted),
    "$in": lambda held, wanted: any(_equal(held, one) for one in wanted),
    "$nin": lambda held, wanted: not any(_equal(held, one) for one in wanted),
    "$all": lambda held, wanted: all(_equal(held, one) for one in wanted),
    "$size": lambda held, wanted: isinstance(held, list) and len(held) == wanted,
    "$contains": lambda held, wanted: any(isinstance(one, str) and str(wanted) in one for one in _each(held)),
    "$exists": lambda held, wanted: (held is not None and held != []) == bool(wanted),
    "$gt": _compared(lambda held, wanted: held > wanted),
    "$gte": _compared(lambda held, wanted: held >= wanted),
    "$lt": _compared(lambda held, wanted: held < wanted),
    "$lte": _compared(lambda held, wanted: held <= wanted),
}
