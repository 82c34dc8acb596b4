"""Bodies of points, in each form that they are taken in: columns are checked as columns, without an object for each point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import simdjson
from numpy.typing import NDArray

from api import numbers, strict_json
from api.pointers import FieldError, escaped, shown
from api.problems import InvalidValue, Problem
from store import blocks
from store.blocks import Group
from store.columns import Milliseconds, Steps, Values, milliseconds

LARGEST_STEP = 2**53 - 1
LATEST_S = 1e11  # the year 5138
LONGEST_METRIC = 512
KNOWN = ("steps", "times", "metrics")
BEYOND_FLOAT64 = 2.0**53  # from here on it does not hold every integer
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_SOUGHT = 64
Column = tuple[Values, NDArray[np.bool_] | None]  # a metric's values, and where it has them if not everywhere


@dataclass(frozen=True)
class Sent:
    """What a body says: points in groups that share their steps, and whether it says when they were logged."""

    groups: Sequence[Group]
    has_times: bool


def of_json(body: bytes) -> Sent:
    """Raises Problem 400 and 422.

    A good body is read a column at a time, without an object for each point; any other is read by the letter, which knows what is wrong with it.
    """
    try:
        return _columns(body)
    except (ValueError, TypeError, RuntimeError, KeyError, Problem):
        return checked(strict_json.loads(body))


def of_msgpack(body: bytes) -> Sent:
    """Raises Problem 400 and 422."""
    return checked(strict_json.unpack(body))


def checked(body: Any) -> Sent:
    """Columns of numbers, each metric's with where it has values. Raises Problem 422 that names the place."""
    if not isinstance(body, dict):
        raise InvalidValue("", f"takes an object with steps, metrics and, if known, times; got {shown(body)}")
    unknown = [FieldError(f"/{escaped(key[:100])}", "is not known here; steps, times and metrics are") for key in body if key not in KNOWN]
    missing = [FieldError(f"/{key}", "is missing") for key in ("steps", "metrics") if key not in body]
    if unknown or missing:
        errors = (unknown + missing)[:50]
        raise Problem(422, f"{errors[0].pointer.lstrip('/')} {errors[0].detail}.", errors=errors)
    steps = _steps(body["steps"])
    has_times = body.get("times") is not None
    times = _times(body["times"], len(steps)) if has_times else np.zeros(len(steps), np.int64)
    if not isinstance(body["metrics"], dict):
        raise InvalidValue("/metrics", f"takes an object of columns by metric; got {shown(body['metrics'])}")
    metrics = {name: _values(name, column, len(steps)) for name, column in body["metrics"].items()}
    return Sent(blocks.grouped(steps, times, metrics), has_times)


def _columns(body: bytes) -> Sent:
    """What a plain document says. Raises Problem, and all that simdjson does, for one that needs a closer look."""
    document = simdjson.Parser().parse(body)
    if not isinstance(document, simdjson.Object):
        raise TypeError
    keys, metrics = list(document), document["metrics"]
    if not isinstance(metrics, simdjson.Object) or len(keys) != 2 + ("times" in document) or body.startswith(BYTE_ORDER_MARK):
        raise ValueError
    names = list(metrics)
    if len(set(names)) != len(names) or any("\0" in name for name in names):
        raise ValueError
    is_flat = body.count(b"[") == len(keys) - 1 + len(names)  # simdjson takes what is nested for part of the column
    if not is_flat or len(names) > MOST_SOUGHT:  # it seeks a name from the first one on
        return checked(document.as_dict())
    steps = _buffer(document["steps"], "i")
    if len(steps) and not 0 <= steps.min() <= steps.max() <= LARGEST_STEP:
        raise ValueError
    times = milliseconds(_times_of(document["times"], len(steps))) if "times" in document else np.zeros(len(steps), np.int64)
    groups = blocks.grouped(steps, times, {name: _column(name, metrics[name], len(steps)) for name in names})
    if any((np.abs(group.values_MN) >= BEYOND_FLOAT64).any() for group in groups):
        return checked(document.as_dict())  # among these are the integers that float64 does not hold
    return Sent(groups, "times" in document)


def _buffer(column: Any, of_type: Literal["i", "d"]) -> Any:
    """An array of int64 or float64. Raises TypeError for other elements, ValueError for what is no list."""
    if not isinstance(column, simdjson.Array):
        raise ValueError
    return np.frombuffer(column.as_buffer(of_type=of_type), np.int64 if of_type == "i" else np.float64)


def _times_of(column: Any, length: int) -> Values:
    times: Values = _buffer(column, "d")
    if len(times) != length or (length and not 0 <= times.min() <= times.max() <= LATEST_S):
        raise ValueError
    return times


def _column(name: str, column: Any, length: int) -> Column:
    try:
        values: Values = _buffer(column, "d")
    except TypeError:  # it has words or null
        return _values(name, column.as_list(), length)
    if len(values) != length or not 0 < len(name) <= LONGEST_METRIC:
        raise ValueError
    return values, None


def _steps(steps: Any) -> Steps:
    if not isinstance(steps, list):
        raise InvalidValue("/steps", f"takes a list of steps; got {shown(steps)}")
    if steps and (set(map(type, steps)) != {int} or min(steps) < 0 or max(steps) > LARGEST_STEP):
        place = next(i for i, step in enumerate(steps) if type(step) is not int or not 0 <= step <= LARGEST_STEP)
        raise InvalidValue(f"/steps/{place}", f"takes a whole number from 0 to {LARGEST_STEP}; got {shown(steps[place])}")
    return np.array(steps, np.int64)


def _times(times: Any, length: int) -> Milliseconds:
    _must_be_column("/times", times, length)
    if not set(map(type, times)) <= {int, float} or (times and not 0 <= min(times) <= max(times) <= LATEST_S):
        place = next(i for i, time in enumerate(times) if type(time) not in (int, float) or not 0 <= time <= LATEST_S)
        raise InvalidValue(f"/times/{place}", f"takes seconds since the epoch; got {shown(times[place])}")
    return milliseconds(np.array(times, np.float64))


def _values(name: Any, column: Any, length: int) -> Column:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_METRIC:
        raise InvalidValue("/metrics", f"takes metric names of 1 to {LONGEST_METRIC} characters; got {shown(name)}")
    pointer = f"/metrics/{escaped(name)}"
    _must_be_column(pointer, column, length)
    kinds = set(map(type, column))
    if kinds == {float}:
        return np.array(column, np.float64), None
    return blocks.masked([_value(pointer, place, value) for place, value in enumerate(column)])


def _value(pointer: str, place: int, value: Any) -> float | None:
    if value is None or type(value) is float:
        return value
    if isinstance(value, str) and value in numbers.WORDS:
        return numbers.WORDS[value]
    if type(value) is int and abs(value) < 2**1023 and math.isfinite(value) and int(float(value)) == value:
        return float(value)
    what = "an integer that float64 holds exactly" if type(value) is int else 'a number, "NaN", "Infinity", "-Infinity" or null'
    raise InvalidValue(f"{pointer}/{place}", f"takes {what}; got {shown(value)}")


def _must_be_column(pointer: str, column: Any, length: int) -> None:
    if not isinstance(column, list):
        raise InvalidValue(pointer, f"takes a list as long as steps; got {shown(column)}")
    if len(column) != length:
        raise InvalidValue(pointer, f"takes as many values as there are steps, {length}; got {len(column)}")
