"""The table of what people have read."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class InboxMark(Table):
    """Up to which of its inbox's items a key has read; the items themselves are runs, studies, verdicts and alerts: see inbox.py."""

    __tablename__ = "inbox_marks"

    key_id: Mapped[str] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[float]
    kind: Mapped[int]
    run_id: Mapped[str] = mapped_column(String(32))
    part: Mapped[str] = mapped_column(String(32))
