"""Tables of what comes in streams of lines, as the wandb SDK sends it: how far each stream was taken, and what of its rows no series can hold."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class Streamed(Table):
    """A run that is written in streams. `summary` is its JSON by the letter; `kinds` counts, by key, the types of values that are no numbers.

    `set_aside` counts lines that could not be taken, `set_aside_reason` says why the last of them could not.
    """

    __tablename__ = "streamed_runs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    summary: Mapped[str] = mapped_column(Text)
    kinds: Mapped[dict[str, Any]]
    set_aside: Mapped[int]
    set_aside_reason: Mapped[str | None] = mapped_column(Text)


class StreamMark(Table):
    """Which lines of a stream were taken: [[first, behind the last], ...], ascending. `writer` is empty, or who writes where several do.

    `placed` is where a writer's lines of the console lie in the run's log: [[the writer's number, the log's number, how many], ...].
    """

    __tablename__ = "stream_marks"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(32), primary_key=True)
    writer: Mapped[str] = mapped_column(String(64), primary_key=True)
    taken: Mapped[list[Any]]
    placed: Mapped[list[Any]]


class HistoryPiece(Table):
    """Some rows of a stream, ascending by step: when each was logged, and what of it is no number of a series; see history_pieces.py.

    Pieces may overlap in steps; of two that say something of the same step and key, the one of the greater number holds.
    """

    __tablename__ = "history_pieces"
    __table_args__ = (Index(None, "run_id", "stream", "first_step"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    first_step: Mapped[int]
    last_step: Mapped[int]
    count: Mapped[int]
    body: Mapped[bytes]
