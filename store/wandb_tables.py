"""Tables of what the wandb SDK tells of its runs beside what every run has."""

from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class WandbRun(Table):
    """A run as the SDK keeps it. `config` and `summary` are its JSON, to be given back by the letter; `facts` its program, host, commit and such.

    The counts of lines say how far its streams were taken; `floats` names the metrics that had other values than whole numbers, and `kinds` what
    else than numbers came under a key. `set_aside` counts rows that could not be taken, `set_aside_reason` says why the first could not.
    """

    __tablename__ = "wandb_runs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    config: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    description: Mapped[str | None] = mapped_column(Text)
    exit_code: Mapped[int | None]
    history_lines: Mapped[int]
    event_lines: Mapped[int]
    history_tail: Mapped[str] = mapped_column(Text)
    event_tail: Mapped[str] = mapped_column(Text)
    floats: Mapped[list[Any]]
    kinds: Mapped[dict[str, Any]]
    set_aside: Mapped[int]
    set_aside_reason: Mapped[str | None] = mapped_column(Text)


class HistoryExtra(Table):
    """What one row of a run's history holds beside numbers that float64 can hold: zlib-packed JSON of its flattened keys."""

    __tablename__ = "history_extras"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]
