"""The table of saved views: what of a project's runs somebody wants to see again."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import BY_BYTES_256, Table


class View(Table):
    """`query` is the page's query string, which the page alone reads; `key_id` whose view it is."""

    __tablename__ = "views"
    __table_args__ = (Index(None, "project_id", "name", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    key_id: Mapped[str] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(BY_BYTES_256)
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool]
    created_at: Mapped[float]
    updated_at: Mapped[float]
