"""The table of read-only links."""

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table

SHARED = ("run_id", "study_id", "project_id")
ONE_IS_SHARED = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in SHARED) + " = 1"


class Share(Table):
    """A link with which anybody may look at a run or a study, and of a project at its badge; only the SHA-256 of its text is kept."""

    __tablename__ = "shares"
    __table_args__ = (CheckConstraint(ONE_IS_SHARED, name="one"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
