"""Points as Parquet: a row each, by run, metric and step, in memory that does not grow with their number."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from api import paging, parquet
from api.auth import Caller
from api.downloads import Pieces, Stream
from api.parquet import Field, Repeated, Writer
from api.parts import Parts
from api.services.scopes import scope
from store import columns, pieces
from store.database import Database
from store.pieces import Piece
from store.search import shapes

FIELDS = (
    Field("run", "text", nullable=False),
    Field("metric", "text", nullable=False),
    Field("step", "int", nullable=False),
    Field("value", "float", nullable=False),
    Field("time", "time", "ms", nullable=False),
)
POINTS_IN_A_FILE = 5_000_000
RUNS_IN_A_FILE = 1_000
NEXT = "Next-Cursor"


@dataclass(frozen=True)
class Asked:
    project: str | None = None
    filter: str | None = None
    metrics: Sequence[str] | None = None
    cursor: str | None = None

    @property
    def list_name(self) -> str:
        return f"points {self.project or ''}\n{self.filter or ''}\n{self.metrics or ''}"


def export(parts: Parts, caller: Caller, asked: Asked) -> Stream:
    """The points of the next runs, whole runs only, and a cursor to those behind them. Raises ProjectNotFound, Problem 400."""
    after = paging.decode(asked.cursor, asked.list_name, str)
    with parts.db.read() as session:
        of = scope(session, parts, caller, asked.project, asked.filter)
        lengths = shapes.lengths(session, of, asked.metrics, after[0] if after else "", RUNS_IN_A_FILE + 1)
    taken, points = 0, 0
    while taken < min(len(lengths), RUNS_IN_A_FILE) and (not taken or points + lengths[taken][1] <= POINTS_IN_A_FILE):
        points += lengths[taken][1]
        taken += 1
    run_ids = [run_id for run_id, _ in lengths[:taken]]
    more = {NEXT: paging.encode(asked.list_name, run_ids[-1])} if taken < len(lengths) else {}
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", asked.project) if asked.project else "all"
    return Stream(parquet_of(_of_runs(parts.db, run_ids, asked.metrics)), parquet.MEDIA_TYPE, f"points-{name}.parquet", **more)


def parquet_of(found: Iterable[tuple[str, Piece]]) -> Pieces:
    """A Parquet file of the points of the runs named; small pieces share a row group."""
    writer, held = Writer(FIELDS, repeating=("run", "metric")), _Held()
    for run_id, piece in found:
        if held.points + len(piece.column) > pieces.PIECE:
            yield held.written(writer)
        held.add(run_id, piece)
    yield held.written(writer)
    yield writer.end()


class _Held:
    """Pieces that wait until they fill a row group."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, Piece]] = []
        self.points = 0

    def add(self, run_id: str, piece: Piece) -> None:
        self._pieces.append((run_id, piece))
        self.points += len(piece.column)

    def written(self, writer: Writer) -> bytes:
        """The bytes of the row group, after which nothing is held."""
        if not self._pieces:
            return b""
        column = columns.joined([piece.column for _, piece in self._pieces])
        runs = Repeated([run_id for run_id, _ in self._pieces], [len(piece.column) for _, piece in self._pieces])
        metrics = Repeated([name for _, piece in self._pieces for name in piece.metrics], [n for _, piece in self._pieces for n in piece.counts])
        self._pieces, self.points = [], 0
        return writer.rows([runs, metrics, column.steps, column.values, pieces.milliseconds(column.times)])


def of_run(db: Database, run_id: str, metrics: Sequence[str] | None = None) -> Iterator[tuple[str, Piece]]:
    return ((run_id, piece) for piece in pieces.of_run(db, run_id, metrics))


def _of_runs(db: Database, run_ids: Sequence[str], metrics: Sequence[str] | None) -> Iterator[tuple[str, Piece]]:
    for run_id in run_ids:
        yield from of_run(db, run_id, metrics)
