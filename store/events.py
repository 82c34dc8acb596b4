"""What happened to a run after one of its versions, in the order of the versions: whoever applies all of it holds what the store holds.

news = changes(session, run_id, after)     # a piece of it, read without what came before
after = news.until                         # ... and so on, until news.is_all
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from store import blocks, columns, pending
from store.blocks import Group
from store.columns import Versions
from store.database import fetch
from store.errors import RunNotFound
from store.tables import TRASH

BEGINNING = -1
MOST_VALUES = 20_000  # of one piece, or what one version brought
MOST_ROWS = 20  # of the log, and of turns
CLOCKS_AT_ONCE = 64
METRICS_AT_ONCE = 200


@dataclass(frozen=True)
class PointsAdded:
    version: int
    groups: Sequence[Group]


@dataclass(frozen=True)
class LinesAdded:
    """Lines of the log, the first of them by its number."""

    version: int
    first: int
    lines: Sequence[str]


@dataclass(frozen=True)
class StateChanged:
    version: int
    state: str
    reason: str | None
    at: float


@dataclass(frozen=True)
class PointsGone:
    """A later attempt differs from here on: all points from this step on gave way, in every metric."""

    version: int
    from_step: int


@dataclass(frozen=True)
class AlertRaised:
    version: int
    title: str
    text: str
    level: str
    at: float


Event = PointsAdded | LinesAdded | StateChanged | PointsGone | AlertRaised


@dataclass(frozen=True)
class Changes:
    """`until` is the version up to which this tells all, `is_all` whether there was no later one; `state` and `began` are the run's."""

    events: Sequence[Event]
    until: int
    newest: int
    state: str
    began: float

    @property
    def is_all(self) -> bool:
        return self.until >= self.newest


def changes(session: Session, run_id: str, after: int = BEGINNING, most: int = MOST_VALUES) -> Changes:
    """What happened after that version, or a first piece of it. Raises RunNotFound."""
    connection = session.connection()
    text = "SELECT h.version, r.state, coalesce(r.started_at, r.created_at) FROM runs r JOIN heads h ON h.run_id = r.id"
    found = fetch(connection, f"{text} WHERE r.id = ? AND r.project_id <> ?", (run_id, TRASH))
    if not found:
        raise RunNotFound(run_id)
    newest, state, began = found[0]
    if after >= newest:
        return Changes((), after, newest, state, began)
    others, until = _others(connection, run_id, after, newest)
    groups, counts, until = _points(connection, run_id, after, until, most)
    return Changes(_in_order(groups, counts, [event for event in others if event.version <= until]), until, newest, state, began)


def newest(session: Session, run_id: str) -> int:
    """The run's version."""
    found = fetch(session.connection(), "SELECT version FROM heads WHERE run_id = ?", (run_id,))
    return int(found[0][0]) if found else BEGINNING


def _others(connection: Connection, run_id: str, after: int, newest: int) -> tuple[list[Event], int]:
    """The first states, cuts, alerts and lines, and the version up to which they are all there are."""
    of_turns = "SELECT version, state, reason, from_step, at FROM turns WHERE run_id = ? AND version > ? ORDER BY version LIMIT ?"
    of_lines = "SELECT version, number, text FROM log_lines WHERE run_id = ? AND version > ? ORDER BY version, number LIMIT ?"
    of_alerts = "SELECT version, title, text, level, at FROM alerts WHERE run_id = ? AND version > ? ORDER BY version LIMIT ?"
    turns, lines, raised = (fetch(connection, text, (run_id, after, MOST_ROWS)) for text in (of_turns, of_lines, of_alerts))
    until = min([newest, *(rows[-1][0] for rows in (turns, lines, raised) if len(rows) == MOST_ROWS)])
    found: list[Event] = [_turned(*row) for row in turns]
    found += [AlertRaised(*row) for row in raised]
    found += [LinesAdded(version, number, text.split("\n")) for version, number, text in lines]
    return sorted(found, key=lambda event: event.version), until


def _turned(version: int, state: str | None, reason: str | None, from_step: int | None, at: float) -> Event:
    return StateChanged(version, state, reason, at) if state is not None else PointsGone(version, int(from_step or 0))


def _points(connection: Connection, run_id: str, after: int, until: int, most: int) -> tuple[list[Group], Mapping[int, int], int]:
    """Groups of all that the first versions after that brought, how many values each did, and the last of those versions."""
    counts, horizon = _sealed(connection, run_id, after, most)
    found: list[Group] = []
    if horizon is None:  # what waits in blocks is newer than all that is sealed
        for _, group in pending.groups_of(connection, [run_id], after):
            found += _between(group, after, until)
            _count(counts, group.versions, after, len(group.metrics))
    else:
        until = min(until, horizon)
    taken = 0
    for version in sorted(counts):
        taken += counts[version]
        if taken > most and taken > counts[version]:
            until = min(until, version - 1)
            break
    found += _unsealed(connection, run_id, after, until) if counts else []
    found = [part for group in found for part in _between(group, after, until)]
    return found, {version: count for version, count in counts.items() if version <= until}, until


def _sealed(connection: Connection, run_id: str, after: int, most: int) -> tuple[Counter[int], int | None]:
    """How many sealed values each version brought, and the version up to which that is certain; None: they are all counted."""
    limit = CLOCKS_AT_ONCE
    while True:
        counts: Counter[int] = Counter()
        rows = fetch(connection, _CLOCKS, (run_id, after, limit))
        for oldest, versions, length, metrics in rows:
            if counts.total() >= most and sum(count for version, count in counts.items() if version < oldest) >= most:
                return counts, oldest - 1
            _count(counts, columns.decode_steps(versions, length), after, metrics)
        if len(rows) < limit:
            return counts, None
        limit *= 4


def _count(counts: Counter[int], versions: Versions, after: int, metrics: int) -> None:
    found, lengths = np.unique(versions[versions > after], return_counts=True)
    for version, length in zip(found.tolist(), lengths.tolist(), strict=True):
        counts[version] += length * metrics


def _unsealed(connection: Connection, run_id: str, after: int, until: int) -> Iterator[Group]:
    """Those rows of segments that versions after the one and up to the other brought, clock by clock."""
    text = "SELECT id, times, versions FROM clocks WHERE run_id = ? AND version > ? AND oldest <= ? ORDER BY id"
    for clock, times, versions in fetch(connection, text, (run_id, after, until)):
        last = ""
        while rows := fetch(connection, _SEGMENTS, (run_id, clock, last, METRICS_AT_ONCE)):
            last, length, steps = rows[-1][0], rows[0][1], rows[0][2]
            by = columns.decode_steps(versions, length)
            which = (by > after) & (by <= until)
            if not which.any():
                break
            values_MN = np.array([columns.decode_values(row[3])[which] for row in rows])
            names = tuple(row[0] for row in rows)
            yield Group(names, columns.decode_steps(steps, length)[which], columns.decode_times(times)[which], values_MN, by[which])


def _between(group: Group, after: int, until: int) -> list[Group]:
    which = (group.versions > after) & (group.versions <= until)
    return [group if which.all() else group.rows(which)] if which.any() else []


def _in_order(groups: Sequence[Group], counts: Mapping[int, int], others: Sequence[Event]) -> list[Event]:
    """Points of several versions together, where nothing else happened in between and they are few."""
    waiting, done = sorted(counts), 0
    events: list[Event] = []
    for other in [*others, None]:
        stop = len(waiting) if other is None else bisect_left(waiting, other.version)
        for low, high in _stretches(waiting[done:stop], counts):
            events.append(PointsAdded(high, blocks.merged(part for group in groups for part in _between(group, low, high))))
        events += [other] if other is not None else []
        done = stop
    return events


def _stretches(versions: Sequence[int], counts: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """The versions in stretches that brought few values each: those above the first, up to the second."""
    start = size = 0
    for place, version in enumerate(versions):
        if size and size + counts[version] > blocks.MOST_TOGETHER:
            yield versions[start] - 1, versions[place - 1]
            start, size = place, 0
        size += counts[version]
    if size:
        yield versions[start] - 1, versions[-1]


_CLOCKS = """
SELECT oldest, versions, length, metrics FROM (
    SELECT c.id, c.oldest, c.versions,
           (SELECT s.count FROM segments s WHERE s.run_id = c.run_id AND s.clock = c.id LIMIT 1) AS length,
           (SELECT count(*) FROM segments s WHERE s.run_id = c.run_id AND s.clock = c.id) AS metrics
    FROM clocks c WHERE c.run_id = ? AND c.version > ?
) AS found WHERE metrics > 0 ORDER BY oldest, id LIMIT ?
"""
_SEGMENTS = """
SELECT metric, count, steps, "values" FROM segments WHERE run_id = ? AND clock = ? AND metric > ? ORDER BY metric LIMIT ?
"""
