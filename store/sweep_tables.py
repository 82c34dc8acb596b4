"""Tables of sweeps: what is searched, the agents that ask for runs, and which values each run was given."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table

SWEEP_STATES = ("RUNNING", "PAUSED", "CANCELED", "FINISHED")


class Sweep(Table):
    """`config` is the YAML as it came; `next_place` the number of the point that is given out next."""

    __tablename__ = "sweeps"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint(f"state IN {SWEEP_STATES}", name="state"),
        Index(None, "project_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    display_name: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    config: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    next_place: Mapped[int]
    prior_runs: Mapped[list[Any]]
    created_at: Mapped[float]
    updated_at: Mapped[float]
    created_by: Mapped[str | None] = mapped_column(String(32))


class SweepAgent(Table):
    """A process that asks for runs, for as long as it tells of itself."""

    __tablename__ = "sweep_agents"
    __table_args__ = (Index(None, "sweep_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"))
    host: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[float]
    heartbeat_at: Mapped[float]


class Trial(Table):
    """A point of a sweep that was given to an agent, to be run under `external_id`; the run itself is a run like any other, or there is none yet.

    `arguments` is what the run starts from, `point` the same as the Bayesian search counts it. `given` is how often it was handed out, `seen` that
    the agent said it has it, `marks` the best values at the brackets it reached, `stopped` that it is to end early.
    """

    __tablename__ = "sweep_trials"
    __table_args__ = (UniqueConstraint("sweep_id", "external_id"), Index(None, "agent_id", "place"))

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(128))
    agent_id: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]]
    point: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    marks: Mapped[dict[str, Any]]
    given: Mapped[int]
    given_at: Mapped[float]
    seen: Mapped[bool]
    stopped: Mapped[bool]
