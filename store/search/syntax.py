"""Filters and sorts as they are written, read into frozen trees.

filter  = both ("or" both)*                        state = 'finished' and not (config.optimizer.lr < 0.1 or tags in ('bn'))
both    = one ("and" one)*
one     = "not" one | "(" filter ")" | key test
test    = ("=" | "!=" | "<" | "<=" | ">" | ">=") value | "not"? "in" "(" value ("," value)* ")"
        | "not"? ("like" | "ilike") text | "is" "not"? "null"
key     = name ("." name)*                         a name is a word, or anything in "double quotes" or `backticks`
value   = number | 'text' | true | false
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from store.errors import BadSearch
from store.search.keys import PARTS, Key, key_of
from store.search.tokens import Token, tokens

DEEPEST = 12  # SQLite's own parser gives up not far behind
MOST_TESTS = 200
MOST_VALUES = 1_000
MOST_SORT_KEYS = 5
MOST_FACETS = 20
SPREADS = ("mean", "sd", "min", "max", "n")
COUNT = Key("field", "n")
ALL_BUT = ("all_but:", "all_but=")
MLFLOW_STATES = {"scheduled": "queued", "killed": "cancelled"}


@dataclass(frozen=True)
class Value:
    """A number, or a text; true and false are the texts that a config's leaves are kept as."""

    plain: float | str
    column: int


@dataclass(frozen=True)
class Compare:
    key: Key
    sign: str
    value: Value


@dataclass(frozen=True)
class In:
    key: Key
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True)
class Like:
    """`folds`: the letters A to Z are a to z; `escapes`: a backslash takes from the character behind it what % and _ mean."""

    key: Key
    pattern: str
    folds: bool
    negated: bool
    escapes: bool = False


@dataclass(frozen=True)
class IsNull:
    key: Key
    negated: bool


@dataclass(frozen=True)
class Not:
    of: "Filter"


@dataclass(frozen=True)
class And:
    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Or:
    parts: tuple["Filter", ...]


Filter = Compare | In | Like | IsNull | Not | And | Or


@dataclass(frozen=True)
class SortKey:
    key: Key
    descends: bool


def read_filter(text: str) -> Filter:
    """Raises BadSearch."""
    reader = _Reader(tokens(text))
    found = reader.either(0)
    reader.must_end("and, or, or the end")
    return found


def read_sort(text: str) -> tuple[SortKey, ...]:
    """Keys by commas, a minus before those that descend. Raises BadSearch."""
    return _sort_keys(text, _Reader.sort_key)


def read_paths(text: str) -> tuple[tuple[str, ...], ...]:
    """Paths into a run by commas, as `fields` has them; a metric's name is one step. Raises BadSearch."""
    reader = _Reader(tokens(text))
    found = [_steps(reader.segments())]
    while reader.take_mark(","):
        found.append(_steps(reader.segments()))
    reader.must_end("a comma or the end")
    return tuple(found)


def read_groups(text: str) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """Keys to group by, and keys left out of `all_but:`; one of the two is empty. Raises BadSearch."""
    all_but = text.startswith(ALL_BUT)
    reader = _Reader(tokens(" " * len(ALL_BUT[0]) + text[len(ALL_BUT[0]) :] if all_but else text))
    found = [_group_key(reader.segments(), all_but)]
    while reader.take_mark(","):
        found.append(_group_key(reader.segments(), all_but))
    reader.must_end("a comma or the end")
    return ((), tuple(found)) if all_but else (tuple(found), ())


def read_group_sort(text: str) -> tuple[SortKey, ...]:
    """Keys to sort groups by: COUNT, what metrics are spread over (the part is one of SPREADS), fields and leaves of the config. Raises BadSearch."""
    return _sort_keys(text, _Reader.group_sort_key)


def read_facets(text: str) -> tuple[Key, ...]:
    """Keys by commas, whose values are to be counted. Raises BadSearch."""
    reader = _Reader(tokens(text))
    found = [key_of(reader.segments())]
    while reader.take_mark(","):
        found.append(key_of(reader.segments()))
    reader.must_end("a comma or the end")
    if len(found) > MOST_FACETS:
        raise BadSearch(found[MOST_FACETS].column, f"at most {MOST_FACETS} keys")
    for key in found:
        if key.root == "metric" or key.is_time:
            raise BadSearch(key.column, "values are counted of fields, leaves of the config and tags, not of metrics or times")
    return tuple(found)


def _group_key(segments: list[Token], all_but: bool) -> Key:
    if all_but and segments[0].value not in ("config", "params"):
        segments = [Token("word", "config", segments[0].column), *segments]
    key = key_of(segments)
    if key.root in ("metric", "tags") or key.is_time:
        raise BadSearch(key.column, "groups are made by fields and leaves of the config, not by metrics, tags or times")
    return key


def _steps(segments: Sequence[Token]) -> tuple[str, ...]:
    names = [segment.value for segment in segments]
    if names[0] != "metrics" or len(names) < 3:
        return tuple(names)
    has_part = segments[-1].kind == "word" and names[-1] in (*PARTS, "max_step", "non_finite")
    return ("metrics", ".".join(names[1:-1]), names[-1]) if has_part else ("metrics", ".".join(names[1:]))


def _sort_keys(text: str, read: "Callable[[_Reader], SortKey]") -> tuple[SortKey, ...]:
    reader = _Reader(tokens(text))
    found = [read(reader)]
    while reader.take_mark(","):
        found.append(read(reader))
    reader.must_end("a comma or the end")
    if len(found) > MOST_SORT_KEYS:
        raise BadSearch(found[MOST_SORT_KEYS].key.column, f"at most {MOST_SORT_KEYS} keys to sort by")
    return tuple(found)


class _Reader:
    """Recursive descent; what nests is counted."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._tests = self._values = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def take_word(self, *words: str) -> Token | None:
        return self.take() if self.next.is_word(*words) else None

    def take_mark(self, *marks: str) -> Token | None:
        return self.take() if self.next.is_mark(*marks) else None

    def must_take_mark(self, mark: str) -> None:
        if self.take_mark(mark) is None:
            raise self.expected(repr(mark))

    def must_end(self, else_wanted: str) -> None:
        if self.next.kind != "end":
            raise self.expected(else_wanted)

    def expected(self, wanted: str) -> BadSearch:
        return BadSearch(self.next.column, f"here {wanted} should stand, not {self.next.shown}")

    def either(self, depth: int) -> Filter:
        parts = [self.both(depth)]
        while self.take_word("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.one(depth)]
        while self.take_word("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, depth: int) -> Filter:
        if depth > DEEPEST:
            raise BadSearch(self.next.column, f"this nests deeper than {DEEPEST} levels")
        if self.take_word("not"):
            of = self.one(depth + 1)
            return of.of if isinstance(of, Not) else Not(of)
        if self.take_mark("("):
            inner = self.either(depth + 1)
            self.must_take_mark(")")
            return inner
        return self.test()

    def test(self) -> Filter:
        self._tests += 1
        if self._tests > MOST_TESTS:
            raise BadSearch(self.next.column, f"this holds more than {MOST_TESTS} comparisons")
        segments = self.segments()
        key, is_status = key_of(segments), segments[-1].value == "status"
        if sign := self.take_mark("=", "!=", "<", "<=", ">", ">="):
            return Compare(key, sign.value, self.value(is_status))
        if self.take_word("is"):
            negated = self.take_word("not") is not None
            if not self.take_word("null"):
                raise self.expected("null")
            return IsNull(key, negated)
        negated = self.take_word("not") is not None
        if self.take_word("in"):
            return In(key, self.values(is_status), negated)
        if word := self.take_word("like", "ilike"):
            return Like(key, self.text(), word.value.lower() == "ilike", negated)
        raise self.expected("a comparison, in, like, ilike or is" if not negated else "in, like or ilike")

    def values(self, is_status: bool) -> tuple[Value, ...]:
        self.must_take_mark("(")
        found = [self.value(is_status)]
        while self.take_mark(","):
            found.append(self.value(is_status))
        self.must_take_mark(")")
        return tuple(found)

    def value(self, is_status: bool) -> Value:
        self._values += 1
        if self._values > MOST_VALUES:
            raise BadSearch(self.next.column, f"this holds more than {MOST_VALUES} values")
        if self.next.kind == "number":
            return self.number()
        if word := self.take_word("true", "false"):
            return Value(word.value.lower(), word.column)
        if self.next.kind != "text":
            raise self.expected("a number or a text in single quotes")
        token = self.take()
        lower = token.value.lower()
        return Value(MLFLOW_STATES.get(lower, lower) if is_status else token.value, token.column)

    def number(self) -> Value:
        token = self.take()
        if not math.isfinite(float(token.value)):
            raise BadSearch(token.column, "this number is beyond what float64 holds")
        return Value(float(token.value), token.column)

    def text(self) -> str:
        if self.next.kind != "text":
            raise self.expected("a text in single quotes")
        return self.take().value

    def sort_key(self) -> SortKey:
        descends = self.take_mark("-") is not None
        key = key_of(self.segments())
        if key.root == "tags":
            raise BadSearch(key.column, "tags have no order to sort by")
        return SortKey(key, descends)

    def group_sort_key(self) -> SortKey:
        descends = self.take_mark("-") is not None
        segments = self.segments()
        first, last = segments[0], segments[-1]
        if len(segments) == 1 and first.is_word(COUNT.name):
            return SortKey(COUNT, descends)
        if first.value == "metrics" and len(segments) > 1:
            part = segments.pop().value if len(segments) > 2 and last.kind == "word" and last.value in SPREADS else "mean"
            return SortKey(Key("metric", ".".join(segment.value for segment in segments[1:]), part, first.column), descends)
        return SortKey(key_of(segments), descends)

    def segments(self) -> list[Token]:
        found = [self.segment()]
        while self.take_mark("."):
            found.append(self.segment())
        return found

    def segment(self) -> Token:
        if self.next.kind not in ("word", "quoted"):
            raise self.expected("a key")
        return self.take()
