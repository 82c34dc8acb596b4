"""Blocks that wait to be sealed: small writes are put down as they come, joined now and then, and turned into segments when there are enough."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from store import blocks, heads, segments
from store.blocks import Group
from store.columns import Column
from store.database import fetch, in_list, write
from store.heads import Head, Lying
from store.segments import Stored

FEW = 32  # so many blocks of one size lie side by side before they become one
MOST_ROWS = segments.SEGMENT
MOST_BYTES = 4_000_000
METRICS_AT_ONCE = 500
Names = tuple[tuple[int, int], ...]  # where a metric's points lie: places among groups, and of the metric in each


def put(connection: Connection, head: Head, groups: Sequence[Group]) -> None:
    """Write groups that this version of the run brought."""
    body = _block(head, groups)
    if body is None:
        seal(connection, head, groups)
        return
    _insert(connection, head, head.version, max(map(len, groups)), body)
    alike = _alike(head)
    if alike:
        _join(connection, head, alike)


def alone(head: Head, groups: Sequence[Group]) -> bytes | None:
    """The block that is all there is to write for these groups, which the head then names; None when something is to be sealed or joined."""
    body = _block(head, groups)
    if body is None:
        return None
    head.blocks.append(Lying(head.version, max(map(len, groups)), len(body)))
    return None if _alike(head) else body


def seal(connection: Connection, head: Head, fresh: Sequence[Group] = ()) -> None:
    """Turn all that waits, and `fresh`, into segments."""
    groups = blocks.merged([*_taken(connection, head, head.blocks), *fresh])
    places: dict[str, list[tuple[int, int]]] = {}
    for at, group in enumerate(groups):
        for place, metric in enumerate(group.metrics):
            places.setdefault(metric, []).append((at, place))
    metrics = sorted(places)
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        some = metrics[start : start + METRICS_AT_ONCE]
        _seal_metrics(connection, head, groups, {metric: tuple(places[metric]) for metric in some})


def seal_all(connection: Connection) -> None:
    """Turn all that waits in any run into segments."""
    for (run_id,) in fetch(connection, "SELECT DISTINCT run_id FROM blocks ORDER BY run_id"):
        head = heads.read(connection, [run_id])[run_id]
        seal(connection, head)
        heads.write(connection, [head])


def groups_of(connection: Connection, run_ids: Sequence[str], above: int = 0) -> Iterator[tuple[str, Group]]:
    """The groups of these runs' blocks that a version above the given one wrote, run by run, oldest first."""
    text = f"SELECT run_id, body FROM blocks WHERE run_id IN {in_list(len(run_ids))} AND number > ? ORDER BY run_id, number"
    for run_id, body in fetch(connection, text, (*run_ids, above)):
        for group in blocks.decode(body):
            yield run_id, group


def columns_of(connection: Connection, run_ids: Sequence[str], metrics: Sequence[str]) -> dict[tuple[str, str], Column]:
    """What waits of these metrics, by run and metric; all of it comes after what is sealed."""
    wanted, found = set(metrics), dict[tuple[str, str], list[Column]]()
    for run_id, group in groups_of(connection, run_ids):
        for metric in wanted.intersection(group.metrics):
            found.setdefault((run_id, metric), []).append(group.column(metric))
    return {name: _in_order(parts) for name, parts in found.items()}


def _in_order(parts: Sequence[Column]) -> Column:
    whole = Column(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("steps", "values", "times")))
    return whole if bool(np.all(whole.steps[1:] > whole.steps[:-1])) else whole.take(np.argsort(whole.steps, kind="stable"))


def _block(head: Head, groups: Sequence[Group]) -> bytes | None:
    """The groups as a block; None when there is enough with what waits to be sealed."""
    if sum(block.rows for block in head.blocks) + max(map(len, groups)) >= MOST_ROWS:
        return None
    body = blocks.encode(groups)
    return body if sum(block.size_bytes for block in head.blocks) + len(body) < MOST_BYTES else None


def _alike(head: Head) -> Sequence[Lying]:
    """The last blocks, when they are to become one; else none."""
    last = head.blocks[-FEW:]
    return last if len(last) == FEW and len({_level(block.rows) for block in last}) == 1 else ()


def _level(rows: int) -> int:
    return 0 if rows < FEW else 1 if rows < FEW * FEW else 2


def _insert(connection: Connection, head: Head, number: int, rows: int, body: bytes) -> None:
    write(connection, "INSERT INTO blocks (run_id, number, body) VALUES (?, ?, ?)", [(head.run_id, number, body)])
    head.blocks.append(Lying(number, rows, len(body)))


def _join(connection: Connection, head: Head, alike: Sequence[Lying]) -> None:
    body = blocks.encode(blocks.merged(_taken(connection, head, alike)))
    _insert(connection, head, alike[-1].number, sum(block.rows for block in alike), body)


def _taken(connection: Connection, head: Head, some: Sequence[Lying]) -> list[Group]:
    """The groups of the run's newest blocks, which are no longer there."""
    if not some:
        return []
    since, some = some[0].number, list(some)
    found = [group for _, group in groups_of(connection, [head.run_id], since - 1)]
    write(connection, "DELETE FROM blocks WHERE run_id = ? AND number >= ?", [(head.run_id, since)])
    del head.blocks[len(head.blocks) - len(some) :]
    return found


def _seal_metrics(connection: Connection, head: Head, groups: Sequence[Group], places: dict[str, Names]) -> None:
    """Metrics whose points lie at the same places, and whose open segments share their clocks, go on sharing."""
    opened = segments.open_ones(connection, head.run_id, list(places))
    alike: dict[Any, list[str]] = {}
    absorbed: dict[str, list[Stored]] = {}
    for metric, where in places.items():
        absorbed[metric] = _absorbed(opened.get(metric, []), sum(len(groups[at]) for at, _ in where))
        before = tuple((row.clock, row.first_step, row.length, row.steps) for row in absorbed[metric])
        alike.setdefault((tuple(at for at, _ in where), before), []).append(metric)
    gone = [row for rows in absorbed.values() for row in rows]
    segments.drop(connection, head.run_id, gone)
    segments.write(connection, head, (_whole(names, groups, places, absorbed) for names in alike.values()), is_open=True)
    segments.drop_clocks(connection, head.run_id, {row.clock for row in gone})


def _absorbed(opened: Sequence[Stored], length: int) -> list[Stored]:
    """Those of the open segments, newest first, that points to come are joined to; oldest first."""
    taken: list[Stored] = []
    for row in opened:
        if row.length > segments.ABSORBS * length:
            break
        taken.insert(0, row)
        length += row.length
    return taken


def _whole(names: Sequence[str], groups: Sequence[Group], places: dict[str, Names], absorbed: dict[str, list[Stored]]) -> Group:
    """One group of metrics that share all their rows: what was sealed of them before, then what waited."""
    parts = [groups[at].only([dict(places[name])[at] for name in names]) for at, _ in places[names[0]]]
    if absorbed[names[0]]:
        parts.insert(0, segments.group_of_several({name: absorbed[name] for name in names}))
    (whole,) = blocks.merged(parts)
    return whole
