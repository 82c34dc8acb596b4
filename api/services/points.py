"""Taking points: columns are checked as columns, and what is acknowledged is committed."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anyio import to_thread

from api import numbers
from api.auth import Caller
from api.combiner import Append
from api.parts import Parts
from api.pointers import FieldError, escaped, shown
from api.problems import InvalidValue, Problem
from api.schemas.points import AppendedPoints
from store.series import Appended

LARGEST_STEP = 2**53 - 1
LATEST_S = 1e11  # the year 5138
LONGEST_METRIC = 512
QUICK_BYTES = 20_000
QUICK_REFUSALS = 1000
KNOWN = ("steps", "times", "metrics")

Column = Sequence[float | None]


async def append(parts: Parts, caller: Caller, run_id: str, body: bytes, read: Callable[[bytes], Any]) -> AppendedPoints:
    """What was taken and what was not; durable when this returns.

    Raises Problem 400 and 422, NotAClientRun, RunIsTerminal, RunNotFound, and Busy when too much waits to be written.
    """
    with parts.combiner.room(len(body)):
        # A thread for what is large: decoding a million values must not hold the loop. What is small is done before a thread would wake.
        steps, times, metrics = _checked(read, body) if len(body) < QUICK_BYTES else await to_thread.run_sync(_checked, read, body)
        appended = await parts.combiner.append(Append(run_id, caller.entity, steps, times, metrics, len(body)))
    parts.metrics.points.labels("accepted").inc(appended.accepted)
    parts.metrics.points.labels("refused").inc(len(appended.refused))
    return shown_of(appended) if len(appended.refused) < QUICK_REFUSALS else await to_thread.run_sync(shown_of, appended)


def shown_of(appended: Appended) -> AppendedPoints:
    return {
        "accepted": appended.accepted,
        "refused": [
            {
                "metric": item.metric,
                "step": item.step,
                "reason": item.reason,
                "held": numbers.number(item.held),
                "got": numbers.number(item.got),
            }
            for item in appended.refused
        ],
    }


def _checked(read: Callable[[bytes], Any], body: bytes) -> tuple[Sequence[int], Sequence[float] | None, Mapping[str, Column]]:
    return checked(read(body))


def checked(body: Any) -> tuple[Sequence[int], Sequence[float] | None, Mapping[str, Column]]:
    """Steps, times and metrics with every value a float64 or None. Raises Problem 422 that names the place."""
    if not isinstance(body, dict):
        raise InvalidValue("", f"takes an object with steps, metrics and, if known, times; got {shown(body)}")
    unknown = [FieldError(f"/{escaped(key[:100])}", "is not known here; steps, times and metrics are") for key in body if key not in KNOWN]
    missing = [FieldError(f"/{key}", "is missing") for key in ("steps", "metrics") if key not in body]
    if unknown or missing:
        errors = (unknown + missing)[:50]
        raise Problem(422, f"{errors[0].pointer.lstrip('/')} {errors[0].detail}.", errors=errors)
    steps = _steps(body["steps"])
    times = _times(body["times"], len(steps)) if body.get("times") is not None else None
    if not isinstance(body["metrics"], dict):
        raise InvalidValue("/metrics", f"takes an object of columns by metric; got {shown(body['metrics'])}")
    return steps, times, {name: _values(name, column, len(steps)) for name, column in body["metrics"].items()}


def _steps(steps: Any) -> Sequence[int]:
    if not isinstance(steps, list):
        raise InvalidValue("/steps", f"takes a list of steps; got {shown(steps)}")
    if steps and (set(map(type, steps)) != {int} or min(steps) < 0 or max(steps) > LARGEST_STEP):
        place = next(i for i, step in enumerate(steps) if type(step) is not int or not 0 <= step <= LARGEST_STEP)
        raise InvalidValue(f"/steps/{place}", f"takes a whole number from 0 to {LARGEST_STEP}; got {shown(steps[place])}")
    return steps


def _times(times: Any, length: int) -> Sequence[float]:
    _must_be_column("/times", times, length)
    for place, time in enumerate(times):
        if type(time) not in (int, float) or not 0 <= time <= LATEST_S:
            raise InvalidValue(f"/times/{place}", f"takes seconds since the epoch; got {shown(time)}")
    return [float(time) for time in times]


def _values(name: Any, column: Any, length: int) -> Column:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_METRIC:
        raise InvalidValue("/metrics", f"takes metric names of 1 to {LONGEST_METRIC} characters; got {shown(name)}")
    pointer = f"/metrics/{escaped(name)}"
    _must_be_column(pointer, column, length)
    if set(map(type, column)) <= {float, type(None)}:
        return list(column)
    return [_value(pointer, place, value) for place, value in enumerate(column)]


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
