"""Curves as the page draws them, as JSON or as binary columns."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from api import numbers
from api.answers import OPTIONS
from api.auth import Caller
from api.parts import Parts
from api.problems import Problem
from store import curves
from store.curves import Curve, Outline, Window

MOST_CURVES = 10_000
LARGEST_STEP = 2.0**53
MOST_POINTS = 5_000_000
FLOAT_BYTES = 8


@dataclass(frozen=True)
class Asked:
    """`known` are the ETags of answers that the caller still has; `binary` asks for columns instead of JSON."""

    runs: Sequence[str]
    metrics: Sequence[str]
    window: Window
    binary: bool = False
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answered:
    """`body` is None when the caller has the answer already."""

    etag: str
    body: bytes | None


def window(points: int | None, low: float | None, high: float | None, x: str) -> Window:
    """What is asked for, with bounds that a 64-bit step can be compared with."""
    if x == "time":
        return Window(points, low, high, by_time=True)
    low, high = (None if bound is None else min(max(bound, -1.0), LARGEST_STEP) for bound in (low, high))
    return Window(points, low, high)


def read(parts: Parts, caller: Caller, asked: Asked) -> Answered:
    """One curve for each run and metric, runs outer. Raises RunNotFound, Problem 422 for more than an answer can hold."""
    if len(asked.runs) * len(asked.metrics) > MOST_CURVES:
        raise Problem(422, f"This asks for {len(asked.runs) * len(asked.metrics):,} curves; one request gets at most {MOST_CURVES:,}.")
    with parts.db.read() as session:
        outlines = curves.outlines(session, asked.runs, asked.metrics, caller.entity)
        _must_fit(asked.window, outlines)
        etag = _etag(asked, outlines)
        if etag in asked.known or "*" in asked.known:
            return Answered(etag, None)
        found = curves.read(session, outlines, asked.window)
    return Answered(etag, binary(found, asked.window.by_time) if asked.binary else json(found, asked.window.by_time))


def json(found: Sequence[Curve], by_time: bool) -> bytes:
    return b'{"series":[' + b",".join(orjson.dumps(_document(curve, by_time), option=OPTIONS) for curve in found) + b"]}"


def binary(found: Sequence[Curve], by_time: bool) -> bytes:
    """A header line of JSON, padded with spaces so that the columns, little-endian float64 one after another, start at a multiple of 8."""
    all_columns = [_columns(curve, by_time) for curve in found]
    heads = [
        {**_head(curve), "columns": [{"name": name, "length": len(column)} for name, column in named.items()]}
        for curve, named in zip(found, all_columns, strict=True)
    ]
    header = orjson.dumps({"series": heads})
    header += b" " * (-(len(header) + 1) % FLOAT_BYTES) + b"\n"
    return b"".join([header, *(np.ascontiguousarray(column, "<f8").data for named in all_columns for column in named.values())])


def _head(curve: Curve) -> dict[str, Any]:
    return {"run": curve.run_id, "metric": curve.metric, "count": curve.count}


def _columns(curve: Curve, by_time: bool) -> dict[str, NDArray[Any]]:
    """The curve's columns by name, in the order they are sent in."""
    if curve.exact is not None:
        exact = curve.exact
        return {"steps": exact.steps, "values": exact.values} | ({} if exact.times is None else {"times": exact.times})
    assert curve.buckets is not None
    found = {} if not by_time else {"times": curve.buckets.x}
    names = ("steps", "mean", "min", "max", "first", "last", "counts", "non_finite")
    return found | {name: getattr(curve.buckets, name) for name in names}


def _document(curve: Curve, by_time: bool) -> dict[str, Any]:
    document = _head(curve)
    for name, column in _columns(curve, by_time).items():
        document[name] = numbers.column(column, null_for_nan=name in ("mean", "min", "max")) if column.dtype.kind == "f" else column
    return document


def _etag(asked: Asked, outlines: Sequence[Outline]) -> str:
    """Changes when a point of these series is added or gives way, when something else is asked, and with the form of the answer."""
    said = repr((asked.binary, asked.window, [(outline.run_id, outline.metric, outline.mark) for outline in outlines]))
    return f'"{hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def _must_fit(window: Window, outlines: Sequence[Outline]) -> None:
    counts = [outline.count for outline in outlines if outline.count]
    total = sum(count if window.points is None else min(count, window.points) for count in counts)
    if len(counts) > 1 and total > MOST_POINTS:
        raise Problem(422, f"This asks for {total:,} points at once; one request for several curves gets at most {MOST_POINTS:,}.")
