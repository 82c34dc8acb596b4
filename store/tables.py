"""The tables. Times are seconds since the epoch, UTC, from the database's own clock; digests are SHA-256 in hex.

Tables that grow with the runs carry the run id first in their key, so that a database can be partitioned by it.
"""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.alert_tables import Alert as Alert
from store.dataset_tables import Dataset as Dataset
from store.inbox_tables import InboxMark as InboxMark
from store.layer_tables import LayerSnapshot as LayerSnapshot
from store.layer_tables import Probe as Probe
from store.mapping import BY_BYTES, BY_BYTES_256, only_where
from store.mapping import Table as Table
from store.point_tables import Block as Block
from store.point_tables import Clock as Clock
from store.point_tables import Head as Head
from store.point_tables import Segment as Segment
from store.point_tables import Series as Series
from store.policy_tables import AutomaticRerun as AutomaticRerun
from store.policy_tables import Delivery as Delivery
from store.policy_tables import Installation as Installation
from store.policy_tables import Policy as Policy
from store.policy_tables import Signer as Signer
from store.policy_tables import Webhook as Webhook
from store.share_tables import Share as Share
from store.stream_tables import HistoryPiece as HistoryPiece
from store.stream_tables import Streamed as Streamed
from store.stream_tables import StreamMark as StreamMark
from store.study_tables import Study as Study
from store.study_tables import StudyRun as StudyRun
from store.sweep_tables import Sweep as Sweep
from store.sweep_tables import SweepAgent as SweepAgent
from store.sweep_tables import Trial as Trial
from store.training_tables import Checkpoint as Checkpoint
from store.training_tables import Link as Link
from store.version_tables import Collection as Collection
from store.version_tables import Version as Version
from store.version_tables import VersionAlias as VersionAlias
from store.version_tables import VersionClient as VersionClient
from store.version_tables import VersionFile as VersionFile
from store.version_tables import VersionLink as VersionLink
from store.version_tables import VersionUse as VersionUse
from store.view_tables import View as View
from store.wandb_tables import WandbRun as WandbRun

RUN_STATES = ("queued", "running", "finished", "failed", "cancelled", "crashed")
TERMINAL = ("finished", "failed", "cancelled")
TRASH = "trash"  # the project of runs that were deleted and whose rows are not all gone yet: see trash.py

# A covering index that stands for a table of narrow rows: whoever looks through many runs reads it and never the configs beside them.
NARROW = (
    *("project_id", "id", "created_at", "leaves_high", "leaves_low", "state", "origin", "archived", "seed", "attempt", "priority"),
    *("started_at", "finished_at", "node", "baseline_id", "rerun_of", "config_digest"),
)


class Project(Table):
    """`many_changes` is what becomes of a run that changes more than one factor against its baseline: refuse or flag."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("entity", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    entity: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[float]
    retention: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    as_registry: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    many_changes: Mapped[str] = mapped_column(String(16), server_default="refuse")

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
        Index("ix_runs_waiting", "state", "queue", text("priority DESC"), "created_at", "id", "wanted_node"),
        Index(None, "rerun_of"),
        Index("ix_runs_project_id_state", "project_id", "state", "id"),
        Index("ix_runs_project_id_name", "project_id", "name", "id"),
        Index("ix_runs_project_id_started_at", "project_id", "started_at", "id"),
        Index("ix_runs_project_id_finished_at", "project_id", "finished_at", "id"),
        *(Index(f"ix_runs_project_id_{name}", "project_id", name, "id") for name in ("group", "job_type", "sweep")),
        Index("ix_runs_narrow", *NARROW),
        Index(None, "baseline_id"),
        Index(None, "created_by", "finished_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    external_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(BY_BYTES_256)
    origin: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    config: Mapped[dict[str, Any]]
    config_digest: Mapped[str | None] = mapped_column(String(64))
    leaves_high: Mapped[int]
    leaves_low: Mapped[int]
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
    archived_at: Mapped[float | None]
    digests: Mapped[dict[str, Any]]
    environment: Mapped[dict[str, Any]]
    findings: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[str | None] = mapped_column(String(32))
    group: Mapped[str | None] = mapped_column(String(256))
    job_type: Mapped[str | None] = mapped_column(String(256))
    sweep: Mapped[str | None] = mapped_column(String(64))

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
    resumed_from: Mapped[int | None]


class RunParam(Table):
    """A leaf of a run's config, to be found by: a number, or a text by its `head`; `text` is one that is longer. See search/leaves.py."""

    __tablename__ = "run_params"
    __table_args__ = (
        Index("ix_run_params_number", "project_id", "path", "number", "run_id", **only_where("number IS NOT NULL")),
        Index("ix_run_params_head", "project_id", "path", "head", "run_id", **only_where("head IS NOT NULL")),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(BY_BYTES, primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))
    number: Mapped[float | None]
    head: Mapped[str | None] = mapped_column(BY_BYTES)
    text: Mapped[str | None] = mapped_column(BY_BYTES)
    mark_high: Mapped[int]
    mark_low: Mapped[int]


class RunTag(Table):
    """A tag of a run, to be found by; the order of a run's tags stands in its row."""

    __tablename__ = "run_tags"
    __table_args__ = (Index("ix_run_tags_tag", "project_id", "tag", "run_id"), {"sqlite_with_rowid": False})

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(BY_BYTES, primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))


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
    """A piece of a run's console output; `number` counts a run's lines from 0 over all attempts.

    `marks` is a JSON list with [level, time] for each line where a client said so, null elsewhere; see console.py.
    """

    __tablename__ = "log_lines"
    __table_args__ = (Index(None, "run_id", "version"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    attempt: Mapped[int]
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    marks: Mapped[str | None] = mapped_column(Text)


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
    md5: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[float]


class LooseFile(Table):
    """A file that a deleted run had: to be looked at when it is due, and removed when no artifact has it."""

    __tablename__ = "loose_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    due: Mapped[float]


class Verdict(Table):
    """Whether a rerun reproduced its original; `document` is the answer of GET /runs/{rerun}/verdict, `judged_with` what staleness.py looks at."""

    __tablename__ = "verdicts"
    __table_args__ = (Index(None, "original_id"), Index(None, "judged_at", "original_id", "rerun_id"))

    rerun_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    original_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))
    document: Mapped[dict[str, Any]]
    judged_at: Mapped[float]
    judged_with: Mapped[str | None] = mapped_column(Text)


class ClientEvidence(Table):
    """What a client says of a run it trained, beside its points: digests by name, and the digest chain, a step's parts by the step as a text."""

    __tablename__ = "client_evidence"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    digests: Mapped[dict[str, Any]]
    chain: Mapped[dict[str, Any]]


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
