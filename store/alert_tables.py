"""The table of what runs raised by themselves."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table

LEVELS = ("INFO", "WARN", "ERROR")


class Alert(Table):
    """What a run raised; `version` is the run's, as for all that happens to it."""

    __tablename__ = "alerts"
    __table_args__ = (CheckConstraint(f"level IN {LEVELS}", name="level"), Index(None, "at", "run_id", "version"))

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    at: Mapped[float]
