"""The tables of trainings under way and of what they were like: links of the digest chain, and checkpoints to go on from."""

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class Link(Table):
    """Digests of a training's parts behind a step: 32 bytes each, in the order of trainer.events.PARTS."""

    __tablename__ = "links"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    digests: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Table):
    """A file that a run can go on from; all points of the steps before it are held. A run that has ended has none."""

    __tablename__ = "checkpoints"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    size_bytes: Mapped[int]
    created_at: Mapped[float]
