"""The rows in which points come to rest: segments, up to 4,096 points of a metric each, and the clocks that the metrics logged together share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from store import columns, database
from store.blocks import Group
from store.columns import Column
from store.database import fetch, in_list
from store.heads import Head

SEGMENT = 4096
ABSORBS = 4  # an open segment is joined to what comes when it is at most so many times as long: a point is rewritten a few times, not hundreds
STORED = 's.metric, s.first_step, s.count, s.steps, s."values", s.clock, c.times, c.versions'
FROM = "FROM segments s JOIN clocks c ON c.run_id = s.run_id AND c.id = s.clock"


class Stored(NamedTuple):
    """A segment as it lies there, with what its clock says."""

    metric: str
    first_step: int
    length: int
    steps: bytes
    values: bytes
    clock: int
    times: bytes
    versions: bytes


def in_range(connection: Connection, run_id: str, metric: str, low: int, high: int) -> Sequence[Stored]:
    """The metric's segments that hold steps from `low` to `high`, in order."""
    text = f"SELECT {STORED} {FROM} WHERE s.run_id = ? AND s.metric = ? AND s.first_step <= ? AND s.last_step >= ? ORDER BY s.first_step"
    return _stored(connection, text, run_id, metric, high, low)


def to_rewrite(connection: Connection, run_id: str, metric: str, low: int, high: int) -> Sequence[Stored]:
    """Those in which points from `low` to `high` belong: also the one that begins before `low`, though it may end there too."""
    before = "SELECT max(first_step) FROM segments WHERE run_id = ? AND metric = ? AND first_step <= ?"
    ((left,),) = fetch(connection, before, (run_id, metric, low))
    text = f"SELECT {STORED} {FROM} WHERE s.run_id = ? AND s.metric = ? AND s.first_step BETWEEN ? AND ? ORDER BY s.first_step"
    return _stored(connection, text, run_id, metric, -1 if left is None else left, high)


def from_step(connection: Connection, run_id: str, step: int) -> Sequence[Stored]:
    """All segments of the run that hold that step or later ones."""
    text = f"SELECT {STORED} {FROM} WHERE s.run_id = ? AND s.last_step >= ? ORDER BY s.metric, s.first_step"
    return _stored(connection, text, run_id, step)


def open_ones(connection: Connection, run_id: str, metrics: Sequence[str]) -> dict[str, list[Stored]]:
    """Each metric's last segments that more points may still be joined to, newest first."""
    text = f"SELECT {STORED} {FROM} WHERE s.run_id = ? AND s.open AND s.metric IN {in_list(len(metrics))} ORDER BY s.metric, s.first_step DESC"
    found: dict[str, list[Stored]] = {}
    for row in _stored(connection, text, run_id, *metrics):
        found.setdefault(row.metric, []).append(row)
    return found


def decode(row: Stored) -> Column:
    return Column(columns.decode_steps(row.steps, row.length), columns.decode_values(row.values), columns.decode_times(row.times) / 1000.0)


def group_of(rows: Sequence[Stored]) -> Group:
    """Segments of one metric, in order, with their times and versions."""
    return group_of_several({rows[0].metric: rows})


def group_of_several(rows: Mapping[str, Sequence[Stored]]) -> Group:
    """The same of several metrics, whose segments have the same steps and clocks."""
    shared = next(iter(rows.values()))
    return Group(
        tuple(rows),
        np.concatenate([columns.decode_steps(row.steps, row.length) for row in shared]),
        np.concatenate([columns.decode_times(row.times) for row in shared]),
        np.array([np.concatenate([columns.decode_values(row.values) for row in some]) for some in rows.values()]),
        np.concatenate([columns.decode_steps(row.versions, row.length) for row in shared]),
    )


def write(connection: Connection, head: Head, groups: Iterable[Group], *, is_open: bool) -> None:
    """Put points down in segments, one clock for each stretch of a group; `is_open` when more may be joined to the last of them."""
    clocks, segments = [], []
    for group in groups:
        for start in range(0, len(group), SEGMENT):
            part = group.rows(slice(start, start + SEGMENT))
            clock, head.clocks = head.clocks, head.clocks + 1
            span = (int(part.versions.min()), int(part.versions.max()))
            clocks.append((head.run_id, clock, *span, columns.encode_times(part.times), columns.encode_steps(part.versions)))
            ends = (int(part.steps[0]), int(part.steps[-1]), len(part), clock, is_open and len(part) < SEGMENT)
            steps = columns.encode_steps(part.steps)
            for metric, values in zip(part.metrics, part.values_MN, strict=True):
                segments.append((head.run_id, metric, *ends, steps, columns.encode_values(values)))
    database.write(connection, _WRITE_CLOCK, clocks)
    database.write(connection, _WRITE_SEGMENT, segments)


def drop(connection: Connection, run_id: str, rows: Sequence[Stored]) -> None:
    """Remove segments. Their clocks stay until `drop_clocks`."""
    text = "DELETE FROM segments WHERE run_id = ? AND metric = ? AND first_step = ?"
    database.write(connection, text, [(run_id, row.metric, row.first_step) for row in rows])


def drop_clocks(connection: Connection, run_id: str, clocks: Iterable[int]) -> None:
    """Remove those of the clocks that no segment needs any more."""
    used = "SELECT 1 FROM segments s WHERE s.run_id = clocks.run_id AND s.clock = clocks.id"
    database.write(connection, f"DELETE FROM clocks WHERE run_id = ? AND id = ? AND NOT EXISTS ({used})", [(run_id, clock) for clock in clocks])


def close(connection: Connection, run_id: str, metric: str, step: int) -> None:
    """From now on nothing is joined to the metric's segments that begin at the step or before."""
    text = "UPDATE segments SET open = ? WHERE run_id = ? AND metric = ? AND open AND first_step <= ?"
    database.write(connection, text, [(False, run_id, metric, step)])


def _stored(connection: Connection, text: str, *values: Any) -> list[Stored]:
    return [Stored(*row) for row in fetch(connection, text, values)]


_WRITE_CLOCK = "INSERT INTO clocks (run_id, id, oldest, version, times, versions) VALUES (?, ?, ?, ?, ?, ?)"
_WRITE_SEGMENT = """
INSERT INTO segments (run_id, metric, first_step, last_step, count, clock, open, steps, "values") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
