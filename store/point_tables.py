"""The tables of points: what a run's writes brought, on its way into segments, and the summaries that the run table shows."""

from sqlalchemy import DDL, ForeignKey, Index, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import NanAsNull, Table, only_where


class Series(Table):
    """A metric's points in one run, summed up: what the run table shows. min and max are over finite values."""

    __tablename__ = "series"
    __table_args__ = (
        Index("ix_series_last", "project_id", "metric", "last", "run_id"),
        Index("ix_series_min", "project_id", "metric", "min", "run_id"),
        Index("ix_series_max", "project_id", "metric", "max", "run_id"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(512), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))
    count: Mapped[int]
    non_finite: Mapped[int]
    first_step: Mapped[int]
    last_step: Mapped[int]
    last: Mapped[float] = mapped_column(NanAsNull, nullable=True)
    min: Mapped[float | None]
    min_step: Mapped[int | None]
    max: Mapped[float | None]
    max_step: Mapped[int | None]


class Head(Table):
    """What a run's points look like as a whole; see heads.py. `stamp` is greater the later the run was written to, of all runs."""

    __tablename__ = "heads"
    __table_args__ = (Index(None, "stamp"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int]
    metrics: Mapped[int]
    refused: Mapped[int]
    clocks: Mapped[int]
    blocks: Mapped[str] = mapped_column(Text)
    stamp: Mapped[int]


class Block(Table):
    """Points of a run's metrics that are not sealed into segments yet, as they came; see blocks.py. `number` is the version that brought the last."""

    __tablename__ = "blocks"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]


class Segment(Table):
    """Up to 4,096 points of a series as columns. A series' segments do not overlap in steps; more may be joined to those that are open, its last."""

    __tablename__ = "segments"
    __table_args__ = (
        Index(None, "run_id", "clock"),
        Index("ix_segments_open", "run_id", "metric", **only_where("open")),
    )

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(512), primary_key=True)
    first_step: Mapped[int] = mapped_column(primary_key=True)
    last_step: Mapped[int]
    count: Mapped[int]
    clock: Mapped[int]
    open: Mapped[bool]
    steps: Mapped[bytes]
    values: Mapped[bytes]


class Clock(Table):
    """When the points of some segments were logged and which version of the run brought each, from `oldest` to `version`."""

    __tablename__ = "clocks"
    __table_args__ = (Index(None, "run_id", "version", "oldest"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    oldest: Mapped[int]
    version: Mapped[int]
    times: Mapped[bytes]
    versions: Mapped[bytes]


for _name, _columns in {"blocks": ("body",), "segments": ("values", "steps"), "clocks": ("times", "versions")}.items():
    for _column in _columns:  # PostgreSQL would try in vain to compress what looks like noise
        _as_it_is = DDL(f'ALTER TABLE {_name} ALTER COLUMN "{_column}" SET STORAGE EXTERNAL')  # type: ignore[no-untyped-call]
        event.listen(Table.metadata.tables[_name], "after_create", _as_it_is.execute_if(dialect="postgresql"))
