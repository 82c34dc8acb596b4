"""A run's history as rows, which is how the wandb SDK writes and reads it: numbers lie in the series of the run, all else beside them by step."""

import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import Session

from store import heads, series
from store.blocks import Group
from store.database import insert_into, write
from store.tables import HistoryExtra

STEP, TIME = "_step", "_timestamp"
EXACT = 1 << 53  # float64 holds every integer up to here
LAST_STEP = (1 << 53) - 1
MOST_EXTRA_BYTES = 1_000_000  # of one row, as JSON
DEEPEST = 20
LONGEST_KEY = 512
MOST_KINDS = 10_000
MOST_AT_ONCE = 2000  # rows that are put together at a time

Row = Mapping[str, Any]


@dataclass
class Taken:
    """What came of rows: how many points, which keys had other numbers than whole ones, what else than numbers came, what was set aside and why."""

    points: int = 0
    floats: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    set_aside: int = 0
    reason: str | None = None

    def refuse(self, reason: str) -> None:
        self.set_aside += 1
        self.reason = self.reason or reason


class BadRow(Exception):
    """A row that cannot be taken; `str(error)` is the sentence."""


@dataclass
class _Sorted:
    """Rows as columns: of each metric in which rows it has a value, and which."""

    steps: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    extras: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, step: int, time: float, numbers: Mapping[str, float]) -> None:
        place = len(self.steps)
        self.steps.append(step)
        self.times.append(time)
        for metric, value in numbers.items():
            self.places.setdefault(metric, []).append(place)
            self.values.setdefault(metric, []).append(value)

    def groups(self) -> list[Group]:
        """Metrics that have values in the same rows are one group; no metric stands in two."""
        alike: dict[bytes, list[str]] = {}
        for metric, places in self.places.items():
            alike.setdefault(np.array(places, np.int64).tobytes(), []).append(metric)
        steps, times = np.array(self.steps, np.int64), _milliseconds(self.times)
        found = []
        for rows, metrics in alike.items():
            at = np.frombuffer(rows, np.int64)
            values_MN = np.array([self.values[metric] for metric in metrics], np.float64)
            found.append(_ascending(Group(tuple(metrics), steps[at], times[at], values_MN)))
        return found


def append(session: Session, run_id: str, rows: Iterable[Row], moment: float) -> Taken:
    """Take these rows; `moment` is the time of a row that names none. A row that cannot be taken is set aside and counted.

    The caller holds the run's row locked.
    """
    taken, sorted_rows = Taken(), _Sorted()
    for row in rows:
        try:
            _sort(row, moment, taken, sorted_rows)
        except BadRow as error:
            taken.refuse(str(error))
    connection = session.connection()
    groups = sorted_rows.groups()
    if groups:
        session.flush()
        appended = series.append_all(connection, heads.read(connection, [run_id]), {run_id: groups})[run_id]
        taken.points = appended.accepted
    _put_extras(session, run_id, sorted_rows.extras)
    return taken


def append_system(session: Session, run_id: str, first_line: int, rows: Sequence[Row], moment: float) -> None:
    """System metrics: `system.cpu` is the series `system/cpu`, its steps the numbers of the lines."""
    sorted_rows = _Sorted()
    for place, row in enumerate(rows):
        numbers = {}
        for key, value in row.items():
            if key.startswith("system.") and isinstance(value, int | float) and not isinstance(value, bool) and len(key) <= LONGEST_KEY:
                numbers[f"system/{key.removeprefix('system.')}"] = float(value)
        sorted_rows.add(first_line + place, _time_of(row, moment), numbers)
    groups = sorted_rows.groups()
    if groups:
        session.flush()
        connection = session.connection()
        series.append_all(connection, heads.read(connection, [run_id]), {run_id: groups})


def forget(session: Session, run_id: str, from_step: int) -> None:
    """Drop what lies beside the series from that step on."""
    gone = delete(HistoryExtra).where(HistoryExtra.run_id == run_id, HistoryExtra.step >= from_step)
    session.execute(gone, execution_options={"synchronize_session": False})


def copy(session: Session, from_run: str, to_run: str, last_step: int) -> None:
    """Copy the history of a run up to a step, included, into another that has none."""
    connection = session.connection()
    for metric in series.metric_names(session, from_run):
        if metric.startswith(series.NEVER_THE_SAME):
            continue
        column = series.read(session, from_run, metric, None, last_step)
        if len(column):
            group = Group((metric,), column.steps, _milliseconds(column.times), column.values[np.newaxis])
            series.append_all(connection, heads.read(connection, [to_run]), {to_run: [group]})
    kept = select(HistoryExtra.step, HistoryExtra.body).where(HistoryExtra.run_id == from_run, HistoryExtra.step <= last_step)
    for few in session.execute(kept).partitions(500):
        session.execute(insert(HistoryExtra), [{"run_id": to_run, "step": row.step, "body": row.body} for row in few])


def steps(session: Session, run_id: str, keys: Sequence[str] | None = None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The steps of the run's rows, ascending; of `keys`, the steps at which any of them has a value."""
    found = [series.read(session, run_id, metric).steps for metric in _metrics(session, run_id, keys)]
    extras = session.scalars(select(HistoryExtra.step).where(HistoryExtra.run_id == run_id)).all()
    return np.unique(np.concatenate([*found, np.array(extras, np.int64)])) if found or extras else np.empty(0, np.int64)


def count(session: Session, run_id: str) -> int:
    return len(steps(session, run_id))


def rows(
    session: Session,
    run_id: str,
    floats: Sequence[str],
    *,
    from_step: int = 0,
    to_step: int = LAST_STEP,
    limit: int = 10_000,
    newest_first: bool = False,
    keys: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Up to `limit` rows from the first step of the range, or its last ones; both ends are included. Within a row the keys stand by the alphabet.

    Whole numbers come back as integers unless the key had others, too (`floats`).
    """
    columns = {metric: series.read(session, run_id, metric, from_step, to_step) for metric in _metrics(session, run_id, keys)}
    extras = _extras(session, run_id, from_step, to_step)
    if not columns and not extras:
        return []
    all_steps = np.unique(np.concatenate([*(column.steps for column in columns.values()), np.array(list(extras), np.int64)]))
    wanted = all_steps[-limit:] if newest_first else all_steps[:limit]
    if not len(wanted):
        return []
    found: dict[int, dict[str, Any]] = {int(step): {} for step in wanted}
    is_float = set(floats)
    for metric, column in columns.items():
        low, high = np.searchsorted(column.steps, wanted[0], "left"), np.searchsorted(column.steps, wanted[-1], "right")
        whole = metric not in is_float
        for step, value, time in zip(column.steps[low:high].tolist(), column.values[low:high].tolist(), column.times[low:high].tolist(), strict=True):
            row = found[step]
            row[metric] = int(value) if whole and value.is_integer() else value
            row.setdefault(TIME, time)
    for step, extra in extras.items():
        if step in found:
            found[step].update(extra)
    return [{STEP: step, **row} for step, row in found.items()]


def _metrics(session: Session, run_id: str, keys: Sequence[str] | None) -> list[str]:
    names = [name for name in series.metric_names(session, run_id) if not name.startswith(series.NEVER_THE_SAME)]
    return names if keys is None else [name for name in names if name in set(keys)]


def _extras(session: Session, run_id: str, from_step: int, to_step: int) -> dict[int, dict[str, Any]]:
    query = select(HistoryExtra.step, HistoryExtra.body).where(HistoryExtra.run_id == run_id, HistoryExtra.step.between(from_step, to_step))
    return {row.step: unpacked(row.body) for row in session.execute(query.order_by(HistoryExtra.step))}


def _sort(row: Row, moment: float, taken: Taken, into: _Sorted) -> None:
    """Raises BadRow."""
    step = row.get(STEP)
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= LAST_STEP:
        raise BadRow(f"_step takes a whole number from 0 to {LAST_STEP:,}; got {str(step)[:40]}")
    numbers: dict[str, float] = {}
    extras: dict[str, Any] = {}
    for key, value in _flat(row, "", 1):
        if key in (STEP, TIME):
            continue
        _must_be_key(key)
        if value.__class__ is float:
            numbers[key] = value
            taken.floats.add(key)
        elif value.__class__ is int:
            _add_integer(key, value, numbers, extras)
        else:
            extras[key] = value
            if len(taken.kinds) < MOST_KINDS:
                taken.kinds[key] = _kind(value)
    if extras:
        if len(dialect_bytes(extras)) > MOST_EXTRA_BYTES:
            raise BadRow(f"the row of step {step} holds more than {MOST_EXTRA_BYTES:,} bytes beside its numbers")
        into.extras.setdefault(step, {}).update(extras)
    if numbers:
        into.add(step, _time_of(row, moment), numbers)
    elif TIME in row:
        into.extras.setdefault(step, {}).setdefault(TIME, row[TIME])


def _add_integer(key: str, value: int, numbers: dict[str, float], extras: dict[str, Any]) -> None:
    """An integer that float64 cannot hold is kept beside its nearest number; one beyond float64's range only there."""
    try:
        numbers[key] = float(value)
    except OverflowError:
        extras[key] = value
        return
    if not -EXACT <= value <= EXACT:
        extras[key] = value


def _flat(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The leaves of a row by dotted keys; a typed object of the SDK, such as an image or a histogram, is one. Raises BadRow."""
    if depth > DEEPEST:
        raise BadRow(f"the row is nested more than {DEEPEST} objects deep")
    for key, inner in value.items():
        if inner.__class__ is dict and inner and "_type" not in inner:
            yield from _flat(inner, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", inner


def _must_be_key(key: str) -> None:
    if not key or len(key) > LONGEST_KEY or "\0" in key:
        raise BadRow(f"a key takes 1 to {LONGEST_KEY} characters, none of them NUL; got {key[:40]!r}")


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("_type", "map"))[:100]
    return {str: "string", bool: "boolean", list: "list"}.get(type(value), "nil")


def _time_of(row: Row, moment: float) -> float:
    time = row.get(TIME)
    is_time = isinstance(time, int | float) and not isinstance(time, bool) and math.isfinite(time) and 0 <= time < 1e11
    return float(time) if is_time else moment  # type: ignore[arg-type]


def _milliseconds(times: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.round(np.asarray(times, np.float64) * 1000).astype(np.int64)


def _ascending(group: Group) -> Group:
    """The rows by step; of those that have the same step the first stands first."""
    if group.is_ascending:
        return group
    return group.rows(np.argsort(group.steps, kind="stable"))


def _put_extras(session: Session, run_id: str, extras: Mapping[int, Mapping[str, Any]]) -> None:
    """What is there already is added to: a step may be logged in pieces, by several processes."""
    wanted = list(extras)
    for start in range(0, len(wanted), 500):
        few = wanted[start : start + 500]
        query = select(HistoryExtra.step, HistoryExtra.body).where(HistoryExtra.run_id == run_id, HistoryExtra.step.in_(few))
        held = {row.step: unpacked(row.body) for row in session.execute(query)}
        new = [{"run_id": run_id, "step": step, "body": packed({**held.get(step, {}), **extras[step]})} for step in few]
        put = insert_into(session, HistoryExtra).values(new)
        session.execute(put.on_conflict_do_update(index_elements=["run_id", "step"], set_={"body": put.excluded.body}))


def note_refused(connection: Connection, run_id: str, number: int) -> None:
    """Count values that were turned away on the run."""
    if number:
        write(connection, "UPDATE heads SET refused = refused + ? WHERE run_id = ?", [(number, run_id)])


def packed(extra: Mapping[str, Any]) -> bytes:
    return zlib.compress(dialect_bytes(extra), 1)


def unpacked(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = tolerant_loads(zlib.decompress(body))
    return found


def dialect_bytes(value: Any) -> bytes:
    """JSON in the SDK's dialect: integers of any size, and NaN and the infinities by their names."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def tolerant_loads(text: bytes | str) -> Any:
    """The value of JSON that may hold NaN, Infinity, -Infinity and integers of any size. Raises ValueError, RecursionError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
