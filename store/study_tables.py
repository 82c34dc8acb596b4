"""Tables of studies: what was asked, and which runs stand for it."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class Study(Table):
    """`plan` is what was asked: the variants' configs, the baseline's first, the seeds, and by what it is judged."""

    __tablename__ = "studies"
    __table_args__ = (Index(None, "project_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float]
    created_by: Mapped[str | None] = mapped_column(String(32))
    cancelled_at: Mapped[float | None]
    archived: Mapped[bool]


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
