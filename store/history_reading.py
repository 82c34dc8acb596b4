"""Rows of a run's history, put together from its series and from what lies beside them; in bounded memory, whatever the length of the history."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import columns, history_pieces, pending, segments, series
from store.columns import Column, Steps, Values
from store.database import fetch
from store.history_pieces import Piece
from store.history_rows import LARGEST_STEP, RUNTIME, STEP, SYSTEM, TIME, plain
from store.stream_tables import Streamed
from store.streamed import EVENTS, HISTORY
from store.tables import Run, Series

OWN = (STEP, RUNTIME, TIME)
Row = dict[str, Any]


def rows(
    session: Session, run_id: str, from_step: int = 0, to_step: int = LARGEST_STEP, limit: int = 10_000, *, newest_first: bool = False
) -> list[Row]:
    """Up to `limit` rows of these steps, both included, ascending: the first ones, or with `newest_first` the last.

    Each has _step, _timestamp, _runtime if it is known, and its keys as they were sent, those of nested objects by dots.
    """
    names = _metrics(session, run_id)
    clock = _some(session, run_id, HISTORY, from_step, to_step, limit, newest_first)
    if clock is None:
        clock = _clock_of_points(session, run_id, from_step, to_step, limit, newest_first)
    return _together(session, run_id, names, clock)


def spread(session: Session, run_id: str, samples: int, from_step: int = 0, to_step: int = LARGEST_STEP) -> list[Row]:
    """Up to `samples` whole rows, as `rows` gives them, spread evenly over all rows of these steps."""
    steps = clock(session, run_id, from_step, to_step)[0]
    if len(steps) <= samples:
        return rows(session, run_id, from_step, to_step, samples)
    wanted = steps[np.unique(np.linspace(0, len(steps) - 1, samples).round().astype(np.int64))]
    return _together(session, run_id, _metrics(session, run_id), _rows_of_steps(session, run_id, wanted))


def events(session: Session, run_id: str, limit: int = 1000) -> list[Row]:
    """Up to `limit` rows of system metrics, spread evenly over all of them: _timestamp, _runtime, and `system.cpu` and so on."""
    names = [name for name in series.metric_names(session, run_id) if name.startswith(SYSTEM)]
    ends = [_some(session, run_id, EVENTS, 0, LARGEST_STEP, 1, newest) for newest in (False, True)]
    if ends[0] is None or ends[1] is None or not len(ends[0]):
        return []
    low, high = int(ends[0].steps[0]), int(ends[1].steps[0])
    wanted = np.unique(np.linspace(low, high, min(limit, high - low + 1)).round().astype(np.int64))
    clock = _picked(history_pieces.walk(session, run_id, EVENTS), wanted)
    found = _together(session, run_id, names, clock, prefix="system.")
    return [{key: value for key, value in row.items() if key != STEP} for row in found]


def sampled(session: Session, run_id: str, wanted: Sequence[str], samples: int = 500, from_step: int = 0, to_step: int = LARGEST_STEP) -> list[Row]:
    """Up to `samples` rows, spread evenly over those that have all the wanted keys; only these keys. Both ends of the range are included."""
    held = _held(session, run_id, [key for key in dict.fromkeys(wanted) if key not in OWN], from_step, to_step)
    steps = _common(held) if held else clock(session, run_id, from_step, to_step)[0]
    if len(steps) > samples:
        steps = steps[np.unique(np.linspace(0, len(steps) - 1, max(samples, 1)).round().astype(np.int64))]
    if not len(steps):
        return []
    found: dict[int, Row] = {step: {} for step in steps.tolist()}
    if TIME in wanted or RUNTIME in wanted or not wanted:
        for row in _rows_at(session, run_id, steps):
            found[row[STEP]].update({key: row[key] for key in (TIME, RUNTIME) if key in row and key in wanted})
    for key, (column, beside) in held.items():
        at = np.searchsorted(column.steps, steps)
        for step, place in zip(steps.tolist(), at.tolist(), strict=True):
            if step in beside:
                found[step][key] = beside[step]
            elif place < len(column):
                found[step][key] = plain(float(column.values[place]))
    return [{STEP: step, **row} if STEP in wanted else row for step, row in found.items()]


def last_step(session: Session, run_id: str) -> int:
    """The largest step of a row; -1 when there is none."""
    ((of_points, of_rows),) = fetch(session.connection(), _LAST, (run_id, f"{SYSTEM}%", run_id, HISTORY))
    return max(-1 if of_points is None else of_points, -1 if of_rows is None else of_rows)


def count(session: Session, run_id: str) -> int:
    """How many rows there are."""
    if history_pieces.are_there(session, run_id, HISTORY):
        return history_pieces.count(session, run_id, HISTORY)
    return len(clock(session, run_id)[0])


def tail(session: Session, run_id: str) -> Row | None:
    """The last row."""
    found = rows(session, run_id, limit=1, newest_first=True)
    return found[-1] if found else None


def clock(session: Session, run_id: str, low: int = 0, high: int = LARGEST_STEP) -> tuple[Steps, Values]:
    """The steps of all rows and when they were logged."""
    steps, times = [np.empty(0, np.int64)], [np.empty(0, np.float64)]
    if history_pieces.are_there(session, run_id, HISTORY):
        for piece in history_pieces.walk(session, run_id, HISTORY, low, high):
            steps.append(piece.steps)
            times.append(piece.times)
        return np.concatenate(steps), np.concatenate(times)
    found, at = steps[0], times[0]
    for metric in _metrics(session, run_id):
        column = series.read(session, run_id, metric, low, high)
        found, first = np.unique(np.concatenate([found, column.steps]), return_index=True)
        at = np.concatenate([at, column.times])[first]
    return found, at


def _counts(session: Session, run_id: str) -> list[tuple[str, int]]:
    asked = select(Series.metric, Series.count).where(Series.run_id == run_id, ~Series.metric.startswith(SYSTEM, autoescape=True))
    return [(row.metric, row[1]) for row in session.execute(asked.order_by(Series.metric))]


def _metrics(session: Session, run_id: str) -> list[str]:
    return [name for name, _ in _counts(session, run_id)]


def _some(session: Session, run_id: str, stream: str, low: int, high: int, limit: int, newest_first: bool) -> Piece | None:
    """The first or the last rows of the range; None when the stream has no rows at all."""
    parts: list[Piece] = []
    number = 0
    for piece in (history_pieces.backwards if newest_first else history_pieces.walk)(session, run_id, stream, low, high):
        parts.append(piece)
        number += len(piece)
        if number >= limit:
            break
    if not parts:
        return _EMPTY if history_pieces.are_there(session, run_id, stream) else None
    whole = history_pieces.joined(parts[::-1] if newest_first else parts)
    return _rows_of(whole, slice(max(0, len(whole) - limit), None) if newest_first else slice(0, limit))


def _clock_of_points(session: Session, run_id: str, low: int, high: int, limit: int, newest_first: bool) -> Piece:
    steps, times = clock(session, run_id, low, high)
    which = slice(max(0, len(steps) - limit), None) if newest_first else slice(0, limit)
    begun = session.scalar(select(Run.started_at).where(Run.id == run_id)) or 0.0
    return Piece(steps[which], times[which], np.maximum(times[which] - begun, 0.0), {})


def _rows_of(piece: Piece, which: slice | Steps) -> Piece:
    steps = piece.steps[which]
    kept = set(steps.tolist())
    return Piece(steps, piece.times[which], piece.runtimes[which], {step: extra for step, extra in piece.extras.items() if step in kept})


def _picked(pieces: Iterable[Piece], steps: Steps) -> Piece:
    """The rows of these steps."""
    parts = [_EMPTY]
    for piece in pieces:
        parts.append(_rows_of(piece, np.flatnonzero(np.isin(piece.steps, steps))))
    return history_pieces.joined(parts)


def _rows_at(session: Session, run_id: str, steps: Steps) -> list[Row]:
    """_step, _timestamp and _runtime of the rows of these steps."""
    return _clocked(_rows_of_steps(session, run_id, steps))


def _rows_of_steps(session: Session, run_id: str, steps: Steps) -> Piece:
    low, high = int(steps[0]), int(steps[-1])
    if history_pieces.are_there(session, run_id, HISTORY):
        return _picked(history_pieces.walk(session, run_id, HISTORY, low, high), steps)
    whole = _clock_of_points(session, run_id, low, high, LARGEST_STEP, False)
    return _rows_of(whole, np.flatnonzero(np.isin(whole.steps, steps)))


def _clocked(piece: Piece) -> list[Row]:
    found: list[Row] = []
    for step, time, runtime in zip(piece.steps.tolist(), piece.times.tolist(), piece.runtimes.tolist(), strict=True):
        row = {STEP: step, TIME: time}
        if not math.isnan(runtime):
            row[RUNTIME] = runtime
        found.append(row)
    return found


def _together(session: Session, run_id: str, names: Sequence[str], piece: Piece, prefix: str = "") -> list[Row]:
    """The rows with the values of these metrics; a metric of the machine is named with the prefix in place of its own."""
    if not len(piece):
        return []
    found = {row[STEP]: row for row in _clocked(piece)}
    for name, column in _columns(session, run_id, names, int(piece.steps[0]), int(piece.steps[-1])).items():
        key = f"{prefix}{name.removeprefix(SYSTEM)}" if prefix else name
        for step, value in zip(column.steps.tolist(), column.values.tolist(), strict=True):
            row = found.get(step)
            if row is not None:
                row[key] = plain(value)
    for step, extra in piece.extras.items():
        found[step].update({f"{prefix}{key}": value for key, value in extra.items()} if prefix else extra)
    return list(found.values())


def _columns(session: Session, run_id: str, names: Sequence[str], low: int, high: int) -> Mapping[str, Column]:
    """The points of these metrics at steps of the range."""
    connection = session.connection()
    waiting = pending.columns_of(connection, [run_id], names) if names else {}
    found = {}
    for name in names:
        parts = [segments.decode(row) for row in segments.in_range(connection, run_id, name, low, high)]
        if (run_id, name) in waiting:
            parts.append(waiting[run_id, name])
        column = columns.joined(parts)
        start, stop = int(np.searchsorted(column.steps, low, "left")), int(np.searchsorted(column.steps, high, "right"))
        found[name] = column.take(slice(start, stop))
    return found


def _held(session: Session, run_id: str, wanted: Sequence[str], low: int, high: int) -> dict[str, tuple[Column, dict[int, Any]]]:
    """Of each key its numbers, and by step what lies beside them."""
    if not wanted:
        return {}
    kinds = session.scalar(select(Streamed.kinds).where(Streamed.run_id == run_id)) or {}
    beside: dict[str, dict[int, Any]] = {key: {} for key in wanted}
    if any(key in kinds for key in wanted):
        for piece in history_pieces.walk(session, run_id, HISTORY, low, high):
            for step, extra in piece.extras.items():
                for key in beside.keys() & extra.keys():
                    beside[key][step] = extra[key]
    found = _columns(session, run_id, [key for key in wanted if not key.startswith(SYSTEM)], low, high)
    return {key: (found.get(key, columns.empty()), beside[key]) for key in wanted}


def _common(held: Mapping[str, tuple[Column, Mapping[int, Any]]]) -> Steps:
    """The steps at which all the keys have a value."""
    common: Steps | None = None
    for column, beside in held.values():
        steps = np.union1d(column.steps, np.fromiter(beside, np.int64, len(beside))).astype(np.int64)
        common = steps if common is None else np.intersect1d(common, steps)
    return np.empty(0, np.int64) if common is None else common


_EMPTY = Piece(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.float64), {})
_LAST = """
SELECT (SELECT max(last_step) FROM series WHERE run_id = ? AND metric NOT LIKE ?),
       (SELECT max(last_step) FROM history_pieces WHERE run_id = ? AND stream = ?)
"""
