"""Curves as the page draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api import numbers
from api.answers import OPTIONS
from api.auth import Caller
from api.parts import Parts
from api.problems import Problem
from store import runs, series
from store.curves import Curve, Window, curve

MOST_CURVES = 10_000
LARGEST_STEP = 2.0**53
MOST_POINTS = 5_000_000


@dataclass(frozen=True)
class Asked:
    runs: Sequence[str]
    metrics: Sequence[str]
    window: Window


def window(points: int | None, low: float | None, high: float | None, x: str) -> Window:
    """What is asked for, with bounds that a 64-bit step can be compared with."""
    if x == "time":
        return Window(points, low, high, by_time=True)
    low, high = (None if bound is None else min(max(bound, -1.0), LARGEST_STEP) for bound in (low, high))
    return Window(points, low, high)


def read(parts: Parts, caller: Caller, asked: Asked) -> bytes:
    """The answer as JSON: one curve for each run and metric, runs outer. Raises RunNotFound, Problem 422 for more than an answer can hold."""
    if len(asked.runs) * len(asked.metrics) > MOST_CURVES:
        raise Problem(422, f"This asks for {len(asked.runs) * len(asked.metrics):,} curves; one request gets at most {MOST_CURVES:,}.")
    with parts.db.read() as session:
        found = runs.get_many(session, asked.runs, caller.entity)
        _must_fit(asked, series.summaries(session, list(set(asked.runs))))
        written = [
            orjson.dumps(document(curve(session, run, metric, asked.window), asked.window.by_time), option=OPTIONS)
            for run in found
            for metric in asked.metrics
        ]
    return b'{"series":[' + b",".join(written) + b"]}"


def document(curve: Curve, by_time: bool) -> dict[str, Any]:
    head: dict[str, Any] = {"run": curve.run_id, "metric": curve.metric, "count": curve.count}
    if curve.exact is not None:
        head |= {"steps": curve.exact.steps, "values": numbers.column(curve.exact.values)}
        return {**head, "times": curve.exact.times} if by_time else head
    assert curve.buckets is not None
    buckets = curve.buckets
    if by_time:
        head["times"] = buckets.x
    return {
        **head,
        "steps": buckets.steps,
        "mean": numbers.column(buckets.mean, null_for_nan=True),
        "min": numbers.column(buckets.min, null_for_nan=True),
        "max": numbers.column(buckets.max, null_for_nan=True),
        "first": numbers.column(buckets.first),
        "last": numbers.column(buckets.last),
        "counts": buckets.counts,
        "non_finite": buckets.non_finite,
    }


def _must_fit(asked: Asked, summaries: dict[str, Any]) -> None:
    counts = [summaries[run][metric].count for run in asked.runs for metric in asked.metrics if metric in summaries[run]]
    most = asked.window.points
    total = sum(count if most is None else min(count, most) for count in counts)
    if len(counts) > 1 and total > MOST_POINTS:
        raise Problem(422, f"This asks for {total:,} points at once; one request for several curves gets at most {MOST_POINTS:,}.")
