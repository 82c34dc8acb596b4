"""Points as Parquet: a row each, by run, metric and step, in memory that does not grow with their number."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api import paging, parquet
from api.auth import Caller
from api.downloads import Pieces, Stream
from api.parquet import Field, Repeated, Writer
from api.parts import Parts
from api.services.scopes import scope
from store import columns, pieces
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
    return Stream(parquet_of(pieces.of_runs(parts.db, run_ids, asked.metrics)), parquet.MEDIA_TYPE, f"points-{name}.parquet", **more)


def parquet_of(found: Iterable[Piece]) -> Pieces:
    """A Parquet file of the points; small pieces share a row group."""
    writer = Writer(FIELDS, repeating=("run", "metric"))
    held: list[Piece] = []
    points = 0
    for piece in found:
        if held and points + len(piece.column) > pieces.PIECE:
            yield _row_group(writer, held)
            held, points = [], 0
        held.append(piece)
        points += len(piece.column)
    if held:
        yield _row_group(writer, held)
    yield writer.end()


def _row_group(writer: Writer, held: Sequence[Piece]) -> bytes:
    spans = [span for piece in held for span in piece.spans]
    counts = [span.count for span in spans]
    column = columns.joined([piece.column for piece in held])
    runs, metrics = Repeated([span.run_id for span in spans], counts), Repeated([span.metric for span in spans], counts)
    return writer.rows([runs, metrics, column.steps, column.values, pieces.milliseconds(column.times)])
