"""Tables of studies: what was asked, and which runs stand for it."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table, only_where


class Study(Table):
    """`plan` is what was asked: the variants' configs, the baseline's first, the seeds, and by what it is judged.

    `ended_at` and what follows it are null until its last run has ended, and again once it grows: see study_ends.py.
    """

    __tablename__ = "studies"
    __table_args__ = (
        Index(None, "project_id", "created_at"),
        Index(None, "created_by", "ended_at", "id"),
        Index("ix_studies_open", "id", **only_where("ended_at IS NULL AND cancelled_at IS NULL")),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float]
    created_by: Mapped[str | None] = mapped_column(String(32))
    cancelled_at: Mapped[float | None]
    archived: Mapped[bool]
    ended_at: Mapped[float | None]
    runs_ended: Mapped[int | None]
    runs_failed: Mapped[int | None]


class StudyRun(Table):
    """The run that stands for a seed of a variant, the baseline being variant 0. A run may stand in several studies.

    `queued` says that the study had it queued; else the run was there already, and cancelling the study leaves it alone.
    """

    __tablename__ = "study_runs"
    __table_args__ = (Index(None, "study_id", "variant", "seed", unique=True),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    study_id: Mapped[str] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True)
    variant: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    queued: Mapped[bool]
