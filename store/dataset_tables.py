"""The table of uploaded data sets."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import BY_BYTES, Table


class Dataset(Table):
    """An uploaded data set. Its arrays lie under the digests of their files, so that one content under two names is kept once."""

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(BY_BYTES, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    images: Mapped[int]
    height: Mapped[int]
    width: Mapped[int]
    channels: Mapped[int]
    classes: Mapped[int]
    counts: Mapped[list[Any]]
    parts: Mapped[list[Any]]
    size_bytes: Mapped[int]
    x_sha256: Mapped[str] = mapped_column(String(64), index=True)
    y_sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[float]
    created_by: Mapped[str | None] = mapped_column(String(32))
