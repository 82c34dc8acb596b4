"""The table of what the wandb SDK tells of its runs beside their streams."""

from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table


class WandbRun(Table):
    """A run as the SDK keeps it: `config` is its JSON, to be given back by the letter; `facts` its program, host, commit and repository."""

    __tablename__ = "wandb_runs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    config: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    description: Mapped[str | None] = mapped_column(Text)
