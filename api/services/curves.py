"""Curves as the page draws them, as JSON as binary columns or as Arrow."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api import arrow, numbers
from api.answers import OPTIONS
from api.auth import Caller
from api.parts import Parts
from api.piece_cache import PieceCache
from api.problems import Problem
from store import curves
from store.curves import Curve, Outline, Window

MOST_CURVES = 10_000
LARGEST_STEP = 2.0**53
MOST_POINTS = 5_000_000
FLOAT_BYTES = 8
Form = Literal["json", "columns", "arrow"]
PIECE_BYTES = 500  # what a piece takes beside its bytes


@dataclass(frozen=True)
class Asked:
    """`known` are the ETags of answers that the caller still has; `form` is how the answer is written; `starts` are the windows of runs with one of
    their own."""

    runs: Sequence[str]
    metrics: Sequence[str]
    window: Window
    form: Form = "json"
    known: frozenset[str] = frozenset()
    starts: Mapping[str, Window] = field(default_factory=dict)

    def window_of(self, outline: Outline) -> Window:
        return self.starts.get(outline.run_id, self.window)


@dataclass(frozen=True)
class Answered:
    """`body` is None when the caller has the answer already."""

    etag: str
    body: bytes | None


@dataclass(frozen=True)
class Piece:
    """A curve as it is sent: an object of JSON and, in the binary form, its columns' bytes."""

    head: bytes
    columns: bytes = b""

    @property
    def size_bytes(self) -> int:
        return len(self.head) + len(self.columns) + PIECE_BYTES


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
        if asked.form == "arrow":
            found = _read(session, outlines, asked)
        else:
            pieces = _pieces(parts.curves, session, outlines, asked)
    if asked.form == "arrow":
        return Answered(etag, arrow.curves(found, [_columns(curve, asked.window.by_time) for curve in found]))
    return Answered(etag, (binary if asked.form == "columns" else json)(pieces))


def json(pieces: Sequence[Piece]) -> bytes:
    between = (part for piece in pieces for part in (b",", piece.head))
    return b"".join([b'{"series":[', *itertools.islice(between, 1, None), b"]}"])  # one copy of what may be many megabytes


def binary(pieces: Sequence[Piece]) -> bytes:
    """A header line of JSON, padded with spaces so that the columns, little-endian float64 one after another, start at a multiple of 8."""
    header = json(pieces)
    header += b" " * (-(len(header) + 1) % FLOAT_BYTES) + b"\n"
    return b"".join([header, *(piece.columns for piece in pieces)])


def _pieces(cache: PieceCache, session: Session, outlines: Sequence[Outline], asked: Asked) -> list[Piece]:
    """The curves as they are sent; those that were not sent lately, or have changed since, are read."""
    names = [(outline.run_id, outline.metric, outline.mark, asked.window_of(outline), asked.form) for outline in outlines]
    found = {name: cache.get(name) for name in names}
    missing = {name: outline for name, outline in zip(names, outlines, strict=True) if found[name] is None}
    read = _read(session, list(missing.values()), asked)  # all of them live while they are written: an id is one object's
    shared: dict[tuple[int, str], orjson.Fragment] = {}
    for name, curve in zip(missing, read, strict=True):
        by_time = asked.window.by_time
        piece = found[name] = _columns_piece(curve, by_time) if asked.form == "columns" else _json_piece(curve, by_time, shared)
        cache.put(name, piece, piece.size_bytes)
    return [found[name] for name in names]  # type: ignore[misc]


def _read(session: Session, outlines: Sequence[Outline], asked: Asked) -> list[Curve]:
    """The curves in the order of their outlines, those of one window together."""
    windows: dict[Window, list[Outline]] = {}
    for outline in outlines:
        windows.setdefault(asked.window_of(outline), []).append(outline)
    read = {(curve.run_id, curve.metric): curve for window, some in windows.items() for curve in curves.read(session, some, window)}
    return [read[outline.run_id, outline.metric] for outline in outlines]


def _json_piece(curve: Curve, by_time: bool, shared: dict[tuple[int, str], orjson.Fragment]) -> Piece:
    """`shared` has the columns that were written already: curves with the same steps have the same grid, an object of which there is one."""
    document = _document(curve, by_time)
    if curve.buckets is not None:
        for name in ("steps", "counts"):
            same = (id(curve.buckets.counts), name)
            if same not in shared:
                shared[same] = orjson.Fragment(orjson.dumps(document[name], option=OPTIONS))
            document[name] = shared[same]
        if not curve.buckets.non_finite.any():
            zeros = (len(curve.buckets.counts), "zeros")
            if zeros not in shared:
                shared[zeros] = orjson.Fragment(orjson.dumps(document["non_finite"], option=OPTIONS))
            document["non_finite"] = shared[zeros]
    return Piece(orjson.dumps(document, option=OPTIONS))


def _columns_piece(curve: Curve, by_time: bool) -> Piece:
    named = _columns(curve, by_time)
    head = orjson.dumps({**_head(curve), "columns": [{"name": name, "length": len(column)} for name, column in named.items()]})
    return Piece(head, b"".join(np.ascontiguousarray(column, "<f8").data for column in named.values()))


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
    said = repr((asked.form, [(outline.run_id, outline.metric, outline.mark, asked.window_of(outline)) for outline in outlines]))
    return f'"{hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def _must_fit(window: Window, outlines: Sequence[Outline]) -> None:
    counts = [outline.count for outline in outlines if outline.count]
    total = sum(count if window.points is None else min(count, window.points) for count in counts)
    if len(counts) > 1 and total > MOST_POINTS:
        raise Problem(422, f"This asks for {total:,} points at once; one request for several curves gets at most {MOST_POINTS:,}.")
