"""Rows of a history, one JSON object a line, sorted into columns: numbers for the series of the run, and beside them what no series can hold.

Letters of shapes: M metrics, N rows, R lines.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from store import columns, dialect
from store.blocks import Group
from store.columns import Milliseconds, Steps, Values

STEP, TIME, RUNTIME = "_step", "_timestamp", "_runtime"
LARGEST_STEP = 2**53 - 1
EXACT = 2**53  # float64 holds every integer up to here
LATEST_S = 1e11
LONGEST_KEY = 512
LONGEST_LINE = 10_500_000  # the SDK sends none that is longer
MOST_KEYS = 10_000
MOST_EXTRA = 4_000_000  # characters of a row beside its numbers
DEEPEST = 20
SYSTEM = "system/"  # such series hold what the machine did; a user's key of that name is kept beside the series

Extra = dict[str, Any]
At = list[int]


class BadLine(Exception):
    """A line that cannot be taken; `str(error)` says why."""


@dataclass(frozen=True)
class Rows:
    """Rows by ascending step, no step twice: when each was logged, seconds; its runtime, NaN if it named none; its numbers; and what is no number.

    `extras` goes by step. `bad` says of each line that could not be taken why.
    """

    steps: Steps
    times: Values
    runtimes: Values
    numbers: Mapping[str, tuple[Steps, Values]]  # where among the rows, and what
    extras: Mapping[int, Extra]
    bad: Sequence[str]

    def __len__(self) -> int:
        return len(self.steps)

    def groups(self) -> list[Group]:
        """The numbers; metrics that stand in the same rows lie together."""
        alike: dict[bytes, list[str]] = {}
        for key, (at, _) in self.numbers.items():
            alike.setdefault(at.tobytes(), []).append(key)
        times = self.milliseconds
        found = []
        for keys in alike.values():
            at = self.numbers[keys[0]][0]
            found.append(Group(tuple(keys), self.steps[at], times[at], np.array([self.numbers[key][1] for key in keys])))
        return found

    @property
    def milliseconds(self) -> Milliseconds:
        return columns.milliseconds(self.times)

    def with_numbers_beside(self, last_step: int) -> "Rows":
        """Rows up to that step with their numbers among the extras, too: there they hold over whatever an earlier row said of such a step."""
        extras = {step: dict(extra) for step, extra in self.extras.items()}
        for key, (at, values) in self.numbers.items():
            steps = self.steps[at]
            few = slice(0, int(np.searchsorted(steps, last_step, "right")))
            for step, value in zip(steps[few].tolist(), values[few].tolist(), strict=True):
                extras.setdefault(step, {}).setdefault(key, plain(value))
        return replace(self, extras=extras)

    def moved(self, steps: Steps) -> "Rows":
        """The rows at other steps, one for each, none of them twice."""
        order = np.argsort(steps, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        numbers = {}
        for key, (at, values) in self.numbers.items():
            new = rank[at]
            by = np.argsort(new)
            numbers[key] = (new[by], values[by])
        names = dict(zip(self.steps.tolist(), steps.tolist(), strict=True))
        extras = {names[step]: extra for step, extra in self.extras.items()}
        return replace(self, steps=steps[order], times=self.times[order], runtimes=self.runtimes[order], numbers=numbers, extras=extras)


def read(lines: Sequence[Any], next_step: int, moment: float) -> Rows:
    """The lines as rows. One that names no step gets the one behind the largest, `next_step` at first; one without a time was logged at `moment`."""
    reading = _Reading(next_step, moment)
    for line in lines:
        try:
            reading.add(parsed(line))
        except BadLine as error:
            reading.bad.append(str(error))
    return reading.rows()


def parsed(line: Any) -> dict[str, Any]:
    """The object that stands in a line. Raises BadLine."""
    if not isinstance(line, str):
        raise BadLine(f"a line is a text; got {type(line).__name__}")
    if len(line) > LONGEST_LINE:
        raise BadLine(f"a line takes at most {LONGEST_LINE:,} characters; got {len(line):,}")
    try:
        row = dialect.loads(line)
    except RecursionError:
        raise BadLine("a line is nested too deep to be read") from None
    except ValueError as error:
        raise BadLine(f"a line is no JSON: {str(error)[:100]}") from None
    if row.__class__ is not dict:
        raise BadLine(f"a line takes a JSON object; got {line[:40]!r}")
    return row


def kind_of(value: Any) -> str:
    """What the SDK calls the type of a value: that of a media object, or of plain JSON."""
    if isinstance(value, dict):
        return str(value.get("_type", "map"))[:100]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return {str: "string", bool: "boolean", list: "list"}.get(type(value), "nil")


@dataclass
class _Reading:
    """Columns as they grow, line by line."""

    next_step: int
    moment: float
    steps: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    runtimes: list[float] = field(default_factory=list)
    numbers: dict[str, tuple[At, list[float]]] = field(default_factory=dict)
    extras: dict[int, Extra] = field(default_factory=dict)  # by the row's place
    bad: list[str] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """Raises BadLine, the row then as if it had never come."""
        step = self._step(row.pop(STEP, None))
        time, runtime = row.pop(TIME, None), row.pop(RUNTIME, None)
        if len(row) > MOST_KEYS:
            raise BadLine(f"a row takes at most {MOST_KEYS:,} keys; got {len(row):,}")
        place = len(self.steps)
        try:
            extra = self._numbers(row, place)
        except BadLine:
            for at, values in self.numbers.values():
                if at and at[-1] == place:
                    at.pop()
                    values.pop()
            raise
        self.steps.append(step)
        self.times.append(float(time) if is_number(time) and 0 <= time <= LATEST_S else self.moment)
        self.runtimes.append(float(runtime) if is_number(runtime) else math.nan)
        if extra:
            self.extras[place] = extra
        if step >= self.next_step:
            self.next_step = step + 1

    def rows(self) -> Rows:
        steps = np.array(self.steps, np.int64)
        numbers = {key: (np.array(at, np.int64), np.array(values, np.float64)) for key, (at, values) in self.numbers.items() if at}
        times, runtimes = np.array(self.times, np.float64), np.array(self.runtimes, np.float64)
        if (steps[1:] > steps[:-1]).all():
            return Rows(steps, times, runtimes, numbers, {self.steps[place]: extra for place, extra in self.extras.items()}, self.bad)
        unique, row_R = np.unique(steps, return_inverse=True)
        last_N = np.zeros(len(unique), np.int64)
        np.maximum.at(last_N, row_R, np.arange(len(steps)))
        extras: dict[int, Extra] = {}
        for place, extra in self.extras.items():
            extras.setdefault(self.steps[place], {}).update(extra)
        numbers = {key: _last_of_each(row_R[at], values) for key, (at, values) in numbers.items()}
        for key, (at, _) in numbers.items():  # of a number and something else under one key at one step, the later holds
            _settle(key, unique[at].tolist(), extras, self)
        return Rows(unique, times[last_N], runtimes[last_N], numbers, extras, self.bad)

    def _step(self, step: Any) -> int:
        if step is None:
            return self.next_step
        if step.__class__ is float and step.is_integer():
            step = int(step)
        if step.__class__ is not int or not 0 <= step <= LARGEST_STEP:
            raise BadLine(f"_step takes a whole number from 0 to {LARGEST_STEP:,}; got {str(step)[:40]}")
        return step

    def _numbers(self, row: dict[str, Any], place: int) -> Extra:
        """Put the row's numbers into their columns; what is left over is given back."""
        extra: Extra = {}
        numbers = self.numbers
        for key, value in row.items():
            kind = value.__class__
            if kind is float or (kind is int and -EXACT <= value <= EXACT):
                column = numbers.get(key)
                if column is None:
                    if not self._is_series(key):
                        extra[key] = value
                        continue
                    column = numbers[key] = ([], [])
                column[0].append(place)
                column[1].append(value)
            elif kind is dict and value and "_type" not in value:
                for inner, leaf in _leaves(value, f"{key}.", 2):
                    self._leaf(inner, leaf, place, extra)
            else:
                self._leaf(key, value, place, extra)
        if extra:
            _must_fit(extra)
        return extra

    def _leaf(self, key: str, value: Any, place: int, extra: Extra) -> None:
        is_series = self._is_series(key)
        if is_number(value) and is_series:
            nearest = _nearest(value)
            if nearest is not None:
                at, values = self.numbers.setdefault(key, ([], []))
                if at and at[-1] == place:  # {"a.b": 1, "a": {"b": 2}}
                    values[-1] = nearest
                else:
                    at.append(place)
                    values.append(nearest)
            if isinstance(value, float) or -EXACT <= value <= EXACT:
                return
        extra[key] = value

    def _is_series(self, key: str) -> bool:
        """Raises BadLine for what no key can be."""
        if not 0 < len(key) <= LONGEST_KEY or "\0" in key or not dialect.is_text(key):
            raise BadLine(f"a key takes 1 to {LONGEST_KEY} characters, none of them NUL or half a surrogate pair; got {key[:40]!r}")
        return not key.startswith(SYSTEM)


def is_number(value: Any) -> bool:
    return value.__class__ is float or value.__class__ is int


def plain(value: float) -> float:
    """A whole number as an integer, which is how the SDK sends it, of whatever type it was."""
    return int(value) if -1e21 < value < 1e21 and value.is_integer() else value


def _nearest(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _leaves(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """What stands in an object, by dotted keys; an object with a `_type`, such as an image or a histogram, is one value. Raises BadLine."""
    if depth > DEEPEST:
        raise BadLine(f"a row is nested at most {DEEPEST} objects deep")
    for key, inner in value.items():
        if inner.__class__ is dict and inner and "_type" not in inner:
            yield from _leaves(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", inner


def _must_fit(extra: Extra) -> None:
    """Raises BadLine."""
    if len(extra) > MOST_KEYS:
        raise BadLine(f"a row takes at most {MOST_KEYS:,} keys; got more")
    size = 0
    for value in extra.values():
        if value.__class__ in (str, list, dict):
            size += len(value) if value.__class__ is str else _size(value)
    if size > MOST_EXTRA:
        raise BadLine(f"a row takes at most {MOST_EXTRA:,} characters beside its numbers; got {size:,}")


def _size(value: Any) -> int:
    try:
        return len(dialect.dumps(value))
    except RecursionError:
        raise BadLine("a row is nested too deep") from None


def _last_of_each(row: Steps, values: Values) -> tuple[Steps, Values]:
    """The last value of each row, the rows ascending."""
    order = np.argsort(row, kind="stable")
    row, values = row[order], values[order]
    is_last = np.append(row[1:] != row[:-1], True)
    return row[is_last], values[is_last]


def _settle(key: str, steps: Sequence[int], extras: dict[int, Extra], reading: _Reading) -> None:
    """Where a key's last value at a step is a plain number, nothing is kept of it beside the series."""
    if not any(key in extras.get(step, ()) for step in steps):
        return
    last_extra = {reading.steps[place]: place for place, extra in reading.extras.items() if key in extra}
    last_number = {reading.steps[place]: place for place in reading.numbers[key][0]}
    for step, place in last_extra.items():
        if last_number.get(step, -1) > place:
            del extras[step][key]
