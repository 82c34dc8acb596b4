"""The tables. Times are seconds since the epoch, UTC, from the database's own clock; digests are SHA-256 in hex.

Tables that grow with the runs carry the run id first in their key, so that a database can be partitioned by it.
"""

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from store.nan import NanAsNull

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
RUN_STATES = ("queued", "running", "finished", "failed", "cancelled", "crashed")
TERMINAL = ("finished", "failed", "cancelled")


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[Any]: JSON, float: Double, int: BigInteger, bytes: LargeBinary}


class Project(Table):
    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("entity", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    entity: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[float]

    @property
    def path(self) -> str:
        return f"{self.entity}/{self.name}"


class Run(Table):
    """One training job. `attempt` is the fencing token: a write that carries an older one is refused."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("project_id", "external_id"),
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        CheckConstraint("origin IN ('managed', 'client')", name="origin"),
        Index(None, "created_at", "id"),
        Index(None, "project_id", "created_at", "id"),
        Index(None, "project_id", "config_digest"),
        Index(None, "state", "queue", "priority", "created_at"),
        Index(None, "rerun_of"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    external_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(256))
    origin: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    config: Mapped[dict[str, Any]]
    config_digest: Mapped[str | None] = mapped_column(String(64))
    seed: Mapped[int | None]
    queue: Mapped[str | None] = mapped_column(String(64))
    wanted_node: Mapped[str | None] = mapped_column(String(256))
    priority: Mapped[int]
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    attempt: Mapped[int]
    node: Mapped[str | None] = mapped_column(String(256))
    lease_until: Mapped[float | None]
    rung_at: Mapped[float | None]
    cancel_requested_at: Mapped[float | None]
    heartbeat_at: Mapped[float | None]
    step: Mapped[int | None]
    total_steps: Mapped[int | None]
    baseline_id: Mapped[str | None] = mapped_column(String(32))
    change: Mapped[list[Any]]
    rerun_of: Mapped[str | None] = mapped_column(String(32))
    tags: Mapped[list[Any]]
    notes: Mapped[str] = mapped_column(Text)
    archived: Mapped[bool]
    digests: Mapped[dict[str, Any]]
    environment: Mapped[dict[str, Any]]
    created_by: Mapped[str | None] = mapped_column(String(32))

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


class Attempt(Table):
    """One try at a run on one node."""

    __tablename__ = "attempts"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(String(256))
    started_at: Mapped[float]
    ended_at: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)


class RunParam(Table):
    """A leaf of a run's config, to be found by: a number, or a text (of which `head` is what an index can hold). See search/leaves.py."""

    __tablename__ = "run_params"
    __table_args__ = (Index(None, "path", "number", "run_id"), Index(None, "path", "head", "run_id"))

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)
    number: Mapped[float | None]
    head: Mapped[str | None] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"))
    text: Mapped[str | None] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"))


class RunTag(Table):
    """A tag of a run, to be found by; the order of a run's tags stands in its row."""

    __tablename__ = "run_tags"
    __table_args__ = (Index(None, "tag", "run_id"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)


class Series(Table):
    """A metric's points in one run, summed up: what the run table shows. min and max are over finite values."""

    __tablename__ = "series"
    __table_args__ = (Index(None, "metric", "last"), Index(None, "metric", "min"), Index(None, "metric", "max"))

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(512), primary_key=True)
    count: Mapped[int]
    non_finite: Mapped[int]
    first_step: Mapped[int]
    last_step: Mapped[int]
    last: Mapped[float] = mapped_column(NanAsNull, nullable=True)
    min: Mapped[float | None]
    min_step: Mapped[int | None]
    max: Mapped[float | None]
    max_step: Mapped[int | None]


class Head(Table):
    """What a run's points look like as a whole; see heads.py. `stamp` is greater the later the run was written to, of all runs."""

    __tablename__ = "heads"
    __table_args__ = (Index(None, "stamp"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int]
    metrics: Mapped[int]
    refused: Mapped[int]
    clocks: Mapped[int]
    blocks: Mapped[str] = mapped_column(Text)
    stamp: Mapped[int]


class Block(Table):
    """Points of a run's metrics that are not sealed into segments yet, as they came; see blocks.py. `number` is the version that brought the last."""

    __tablename__ = "blocks"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]


class Segment(Table):
    """Up to 4,096 points of a series as columns. A series' segments do not overlap in steps; more may be joined to those that are open, its last."""

    __tablename__ = "segments"
    __table_args__ = (
        Index(None, "run_id", "clock"),
        Index("ix_segments_open", "run_id", "metric", sqlite_where=text("open"), postgresql_where=text("open")),
    )

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(512), primary_key=True)
    first_step: Mapped[int] = mapped_column(primary_key=True)
    last_step: Mapped[int]
    count: Mapped[int]
    clock: Mapped[int]
    open: Mapped[bool]
    steps: Mapped[bytes]
    values: Mapped[bytes]


class Clock(Table):
    """When the points of some segments were logged and which version of the run brought each, from `oldest` to `version`."""

    __tablename__ = "clocks"
    __table_args__ = (Index(None, "run_id", "version", "oldest"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    oldest: Mapped[int]
    version: Mapped[int]
    times: Mapped[bytes]
    versions: Mapped[bytes]


class Turn(Table):
    """What happened to a run beside points and log lines: its state changed (`state`), or its points gave way from a step on (`from_step`)."""

    __tablename__ = "turns"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    from_step: Mapped[int | None]
    at: Mapped[float]


class LogLines(Table):
    """A piece of a run's console output; `number` counts a run's lines from 0 over all attempts."""

    __tablename__ = "log_lines"
    __table_args__ = (Index(None, "run_id", "version"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    attempt: Mapped[int]
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class Artifact(Table):
    """A file of a run. Its bytes lie under their digest, so equal files are kept once."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("run_id", "name"), Index(None, "sha256"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(512))
    attempt: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]


class Verdict(Table):
    """Whether a rerun reproduced its original; `document` is the answer of GET /runs/{rerun}/verdict."""

    __tablename__ = "verdicts"
    __table_args__ = (Index(None, "original_id"),)

    rerun_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    original_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]]
    judged_at: Mapped[float]


class Node(Table):
    """A machine's worker process, as it last reported itself."""

    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(String(256), primary_key=True)
    queues: Mapped[list[Any]]
    slots: Mapped[int]
    devices: Mapped[list[Any]]
    versions: Mapped[dict[str, Any]]
    started_at: Mapped[float]
    heartbeat_at: Mapped[float]


class Key(Table):
    """An API key; only the SHA-256 of its text is kept. `entity` null reaches every entity."""

    __tablename__ = "keys"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'member', 'admin')", name="role"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    prefix: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    entity: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]


class Ticket(Table):
    """A secret that stands for a key for a while: a one-time sign-in link or a page's session."""

    __tablename__ = "tickets"
    __table_args__ = (CheckConstraint("kind IN ('signin', 'session')", name="kind"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str] = mapped_column(ForeignKey("keys.id", ondelete="CASCADE"))
    created_at: Mapped[float]
    expires_at: Mapped[float]


class KeptAnswer(Table):
    """The first answer to a POST that carried an Idempotency-Key, kept for 24 hours."""

    __tablename__ = "kept_answers"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    route: Mapped[str] = mapped_column(String(256), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(256), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    created_at: Mapped[float] = mapped_column(index=True)


class Duty(Table):
    """Who does a job that only one process may do, such as reaping, and until when."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(256))
    until: Mapped[float]
