"""The wandb client's filters, JSON as MongoDB has it, read into the same trees that a REST filter is read into.

A comparison with what a run lacks is false, and of a number with a text too, so that `$ne`, `$nin` and `$not` let such runs through, as in MongoDB.
A list in a config is one value. Nothing here is SQL: the trees become conditions with bound values in store/search.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from api.wandb import regexes, search_keys
from api.wandb.regexes import BadPattern, Texts
from api.wandb.search_keys import BadFilter, HasPath, SummaryPath
from store.errors import BadSearch
from store.search.conditions import moment
from store.search.keys import Key
from store.search.leaves import plain
from store.search.syntax import DEEPEST, MOST_TESTS, MOST_VALUES, And, Compare, Filter, In, IsNull, Not, Or, Value

LONGEST = 100_000
SIGNS = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
JOINTS = ("$and", "$or", "$nor")
TESTS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all", "$exists", "$regex", "$not")
TAKEN = f"accepted are {', '.join((*JOINTS, *TESTS))}"


def read(text: str | None, has_path: HasPath, texts: Texts, summary: SummaryPath = search_keys.no_summary) -> Filter | None:
    """None lets all runs through. Raises BadFilter, which names the operator and what is accepted."""
    if not text:
        return None
    if len(text) > LONGEST:
        raise BadFilter(f"Filters have at most {LONGEST:,} characters, these {len(text):,}.")
    try:
        found = json.loads(text, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite)
        _must_be_written(found)
    except (ValueError, RecursionError) as error:
        raise BadFilter(f"Filters are an object in JSON; these cannot be read: {error}.") from error
    return _Reader(has_path, texts, summary).document(found, 0)


@dataclass
class _Reader:
    """Counts what it meets, so that no filter becomes more than a database takes."""

    has_path: HasPath
    texts: Texts
    summary: SummaryPath
    tests: int = 0
    values: int = 0
    keys: dict[str, Key] = field(default_factory=dict)

    def document(self, of: Any, depth: int) -> Filter | None:
        """All of the object's entries; None for an object without any."""
        if not isinstance(of, dict):
            raise BadFilter(f"Filters are made of objects such as {{'state': 'finished'}}, not of {_shown(of)}.")
        if depth > DEEPEST:
            raise BadFilter(f"These filters nest deeper than {DEEPEST} levels.")
        parts = [self.entry(name, value, depth) for name, value in of.items()]
        return _all([part for part in parts if part is not None])

    def entry(self, name: str, value: Any, depth: int) -> Filter | None:
        if name in JOINTS:
            return self.joint(name, value, depth)
        if name == "$not":
            return _not(self.document(value, depth + 1))
        if name.startswith("$"):
            raise BadFilter(f"The operator {name[:40]!r} is not understood at the head of filters: {TAKEN}.")
        key = self.keys.get(name) or self.keys.setdefault(name, search_keys.key_of(name, self.has_path))
        said = search_keys.in_summary(name, self.summary)
        if said is None:
            return self.field(name, key, value, depth)
        set_there, only_logged = IsNull(said, negated=True), IsNull(said, negated=False)  # what was set counts, before what was logged last
        return Or((And((set_there, self.field(name, said, value, depth))), And((only_logged, self.field(name, key, value, depth)))))

    def joint(self, name: str, value: Any, depth: int) -> Filter | None:
        if not isinstance(value, list) or not value:
            raise BadFilter(f"{name} takes a list of one filter or more, not {_shown(value)}.")
        parts = [self.document(each, depth + 1) for each in value]
        if name == "$and":
            return _all([part for part in parts if part is not None])
        any_of = None if any(part is None for part in parts) else _any([part for part in parts if part is not None])
        return _not(any_of) if name == "$nor" else any_of

    def field(self, name: str, key: Key, value: Any, depth: int) -> Filter:
        """What is said of one key: a plain value, or an object of operators."""
        if not isinstance(value, dict) or not value or not any(word.startswith("$") for word in value):
            return self.equals(name, key, value)
        if depth > DEEPEST:
            raise BadFilter(f"These filters nest deeper than {DEEPEST} levels.")
        if "$options" in value and "$regex" not in value:
            raise BadFilter("$options goes with $regex only.")
        parts = [self.test(name, key, word, operand, value, depth) for word, operand in value.items() if word != "$options"]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def test(self, name: str, key: Key, word: str, operand: Any, beside: Mapping[str, Any], depth: int) -> Filter:
        readers: dict[str, Callable[[], Filter]] = {
            "$eq": lambda: self.equals(name, key, operand),
            "$ne": lambda: _negated(self.equals(name, key, operand)),
            "$in": lambda: self.any_of(name, key, word, operand),
            "$nin": lambda: _negated(self.any_of(name, key, word, operand)),
            "$all": lambda: self.all_of(name, key, operand),
            "$exists": lambda: self.exists(key, operand),
            "$regex": lambda: self.regex(name, key, operand, beside.get("$options", "")),
            "$not": lambda: _negated(self.negated(name, key, operand, depth)),
        }
        if word in readers:
            return readers[word]()
        if word in SIGNS:
            return self.compares(name, key, word, operand)
        raise BadFilter(f"The operator {word[:40]!r} of {name[:100]!r} is not understood: {TAKEN}.")

    def negated(self, name: str, key: Key, operand: Any, depth: int) -> Filter:
        if not isinstance(operand, dict) or not operand:
            raise BadFilter(f"$not of {name[:100]!r} takes an object of operators such as {{'$gt': 1}}, not {_shown(operand)}.")
        return self.field(name, key, operand, depth + 1)

    def equals(self, name: str, key: Key, value: Any) -> Filter:
        self.count()
        if value is None:
            return IsNull(key, negated=False)
        made = self.value(name, key, value)
        return In(key, (made,), negated=False) if key.root == "tags" else Compare(key, "=", made)

    def compares(self, name: str, key: Key, word: str, value: Any) -> Filter:
        self.count()
        if key.root == "tags" or value is None or isinstance(value, bool | list | dict):
            raise BadFilter(f"{word} of {name[:100]!r} compares numbers, texts and times, not {'tags' if key.root == 'tags' else _shown(value)}.")
        return Compare(key, SIGNS[word], self.value(name, key, value))

    def any_of(self, name: str, key: Key, word: str, operand: Any) -> Filter:
        self.count()
        if not isinstance(operand, list):
            raise BadFilter(f"{word} of {name[:100]!r} takes a list, not {_shown(operand)}.")
        found = In(key, tuple(self.value(name, key, value) for value in operand if value is not None), negated=False)
        return Or((found, IsNull(key, negated=False))) if any(value is None for value in operand) else found

    def all_of(self, name: str, key: Key, operand: Any) -> Filter:
        if not isinstance(operand, list) or not operand or key.root != "tags":
            raise BadFilter("$all takes a list of one tag or more, and of tags only.")
        found = _all([self.equals(name, key, value) for value in operand])
        assert found is not None
        return found

    def exists(self, key: Key, operand: Any) -> Filter:
        self.count()
        return IsNull(key, negated=bool(operand))

    def regex(self, name: str, key: Key, operand: Any, options: Any) -> Filter:
        self.count()
        if not isinstance(operand, str):
            raise BadFilter(f"$regex of {name[:100]!r} takes a pattern as a text, not {_shown(operand)}.")
        if not isinstance(options, str) or set(options) - set("is"):
            raise BadFilter(f"$options of {name[:100]!r} takes 'i' (of either case), not {_shown(options)}.")
        if key.is_number or key.is_time:
            return In(key, (), negated=False)
        try:
            return regexes.matching(key, operand, "i" in options, self.texts)
        except BadPattern as error:
            raise BadFilter(f"$regex {operand[:100]!r} of {name[:100]!r}: {error}.") from error

    def value(self, name: str, key: Key, value: Any) -> Value:
        self.values += 1
        if self.values > MOST_VALUES:
            raise BadFilter(f"These filters hold more than {MOST_VALUES:,} values.")
        if key.is_time:
            return _time(name, value)
        if isinstance(value, dict) and value:
            raise BadFilter(f"{name[:100]!r} is compared with a whole object; compare each of its keys instead, such as '{name[:60]}.KEY'.")
        if key.root == "tags" and not isinstance(value, str):
            raise BadFilter(f"A tag is a text, not {_shown(value)}; $all takes a list of them.")
        number, text = plain(value)
        if key.root == "field" and key.name == "state" and text is not None:
            return Value(search_keys.state(text), 1)
        return Value(number if number is not None else text or "", 1)

    def count(self) -> None:
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise BadFilter(f"These filters hold more than {MOST_TESTS} comparisons.")


def _all(parts: Sequence[Filter]) -> Filter | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return And(tuple(parts))


def _any(parts: Sequence[Filter]) -> Filter:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _negated(of: Filter) -> Filter:
    return of.of if isinstance(of, Not) else Not(of)


def _not(of: Filter | None) -> Filter:
    """Nothing at all, when `of` lets all through."""
    return In(Key("field", "id"), (), negated=False) if of is None else _negated(of)


def _time(name: str, value: Any) -> Value:
    """Seconds since 1970, or an ISO 8601 text; UTC where none is said."""
    text = value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            text = datetime.fromtimestamp(value, UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            text = None
    try:
        moment(Value(text, 1))
    except BadSearch as error:
        raise BadFilter(f"{name[:100]!r} is compared with a time such as '2026-11-23T20:30:01', not {_shown(value)}.") from error
    return Value(text, 1)


def _whole(digits: str) -> int:
    _finite(digits)
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is beyond what float64 holds")
    return number


def _must_be_written(found: Any) -> None:
    """Raises ValueError for a text that no database holds: with a NUL, or half of a pair that stands for one character."""
    if isinstance(found, dict):
        for name, value in found.items():
            _must_be_written(name)
            _must_be_written(value)
    elif isinstance(found, list):
        for each in found:
            _must_be_written(each)
    elif isinstance(found, str) and ("\0" in found or any("\ud800" <= letter <= "\udfff" for letter in found)):
        raise ValueError("a text holds a NUL character or half a character")


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number that runs can be compared with")


def _shown(value: Any) -> str:
    return json.dumps(value)[:60]
