"""What a run's points look like as a whole: one narrow row a run, which each of its writes moves on.

Whoever writes it holds the run's own row locked, so that versions go up one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection

from store import database
from store.database import fetch, in_list, note_written


@dataclass(frozen=True)
class Lying:
    """A block that waits to be sealed: the version that wrote it, how many rows it has and how large it is."""

    number: int
    rows: int
    size_bytes: int


@dataclass
class Head:
    """`version` numbers the run's writes; `refused` counts the values that were ever turned away, `clocks` is the next clock's number."""

    run_id: str
    version: int = 0
    metrics: int = 0
    refused: int = 0
    clocks: int = 1
    blocks: list[Lying] = field(default_factory=list)


def read(connection: Connection, run_ids: Sequence[str]) -> dict[str, Head]:
    """The runs' heads; a new one for a run that was never written to."""
    text = f"SELECT run_id, version, metrics, refused, clocks, blocks FROM heads WHERE run_id IN {in_list(len(run_ids))}"
    found = {row[0]: of_row(*row) for row in fetch(connection, text, run_ids)}
    return {run_id: found.get(run_id) or Head(run_id) for run_id in run_ids}


def versions(connection: Connection, run_ids: Sequence[str]) -> dict[str, int]:
    """The number of each run's newest write, of its points or of what is said of it; none for a run that was never written to."""
    text = f"SELECT run_id, version FROM heads WHERE run_id IN {in_list(len(run_ids))}"
    return dict(fetch(connection, text, run_ids))


def write(connection: Connection, heads: Sequence[Head]) -> None:
    rows = [(head.run_id, head.version, head.metrics, head.refused, head.clocks, packed(head.blocks)) for head in heads]
    database.write(connection, _WRITE[connection.dialect.name], rows)
    note_written(connection, [head.run_id for head in heads])


def advance(connection: Connection, run_id: str) -> int:
    """The number of a write to the run that brings no points: its state or its log changed, or what it is called."""
    note_written(connection, [run_id])
    return int(fetch(connection, _ADVANCE[connection.dialect.name], (run_id,))[0][0])


def advance_many(connection: Connection, run_ids: Sequence[str]) -> None:
    """The same for each of the runs."""
    note_written(connection, run_ids)
    database.write(connection, _ADVANCE[connection.dialect.name].removesuffix(RETURNING), [(run_id,) for run_id in run_ids])


def advance_all(connection: Connection, run_ids: Sequence[str]) -> None:
    """The same by one statement, for runs that have been written to: all of them have the same stamp."""
    note_written(connection, run_ids)
    stamp = STAMP[connection.dialect.name]
    database.write(connection, f"UPDATE heads SET version = version + 1, stamp = {stamp} WHERE run_id IN {in_list(len(run_ids))}", [run_ids])


def of_row(run_id: str, version: int, metrics: int, refused: int, clocks: int, blocks: str) -> Head:
    return Head(run_id, version, metrics, refused, clocks, [Lying(*block) for block in orjson.loads(blocks)])


def packed(blocks: Sequence[Lying]) -> str:
    return orjson.dumps([(block.number, block.rows, block.size_bytes) for block in blocks]).decode()


# Of two writes, the one whose stamp is smaller may still be committed later, on PostgreSQL: how to read stamps all the same stands in stamps.py.
STAMP = {
    "sqlite": "CAST(max(runtwice_now() * 1000000, (SELECT coalesce(max(stamp), 0) + 1 FROM heads)) AS INTEGER)",
    "postgresql": "pg_current_xact_id()::text::bigint",
}
_WRITE = {
    dialect: f"""
INSERT INTO heads (run_id, version, metrics, refused, clocks, blocks, stamp) VALUES (?, ?, ?, ?, ?, ?, {stamp}) ON CONFLICT (run_id) DO UPDATE
SET version = excluded.version, metrics = excluded.metrics, refused = excluded.refused, clocks = excluded.clocks, blocks = excluded.blocks,
    stamp = excluded.stamp
"""
    for dialect, stamp in STAMP.items()
}
RETURNING = " RETURNING version\n"
_ADVANCE = {
    dialect: f"""
INSERT INTO heads (run_id, version, metrics, refused, clocks, blocks, stamp) VALUES (?, 1, 0, 0, 1, '[]', {stamp})
ON CONFLICT (run_id) DO UPDATE SET version = heads.version + 1, stamp = excluded.stamp{RETURNING}"""
    for dialect, stamp in STAMP.items()
}
