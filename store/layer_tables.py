"""The tables of what layers do: snapshots of a run's, and probes of single ones."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table

PROBE_STATES = ("queued", "running", "finished", "failed")


class LayerSnapshot(Table):
    """One kind of rows (trainer.diagnostics.KINDS) of one step of a run, a row for each layer, as compressed JSON."""

    __tablename__ = "snapshots"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    body: Mapped[bytes]


class Probe(Table):
    """One layer tried on one input, and what came out; gone a day after it was asked for. `attempt` is the fencing token, as of a run."""

    __tablename__ = "probes"
    __table_args__ = (
        CheckConstraint(f"state IN {PROBE_STATES}", name="state"),
        Index(None, "state", "created_at"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    entity: Mapped[str | None] = mapped_column(String(128))
    created_by: Mapped[str] = mapped_column(String(32))
    request: Mapped[dict[str, Any]]
    config: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int]
    node: Mapped[str | None] = mapped_column(String(256))
    lease_until: Mapped[float | None]
    created_at: Mapped[float]
    finished_at: Mapped[float | None]
    result: Mapped[bytes | None]
