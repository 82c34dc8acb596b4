"""Tables of what is done by itself: policies, the reruns they made, webhooks and what they are to be told, and who signs receipts."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.mapping import Table, only_where


class Policy(Table):
    """What a project wants run again without being asked. `canary_run_id` is run again on every node, each `canary_every_s`."""

    __tablename__ = "policies"
    __table_args__ = (CheckConstraint("rerun IN ('never', 'every', 'sample')", name="rerun"),)

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    rerun: Mapped[str] = mapped_column(String(16))
    fraction: Mapped[float | None]
    canary_run_id: Mapped[str | None] = mapped_column(String(32))
    canary_every_s: Mapped[float | None]
    reverify_per_hour: Mapped[int | None]


class AutomaticRerun(Table):
    """A rerun that nobody asked for by hand; a run has at most one whose cause is `policy`. `bits` is the digest of all that a canary gave."""

    __tablename__ = "automatic_reruns"
    __table_args__ = (
        CheckConstraint("cause IN ('policy', 'canary', 'stale')", name="cause"),
        Index(None, "original_id", "made_at"),
        Index("ix_automatic_reruns_once", "original_id", unique=True, **only_where("cause = 'policy'")),
        Index(None, "project_id", "cause", "made_at"),
    )

    rerun_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    original_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    project_id: Mapped[str] = mapped_column(String(32))
    cause: Mapped[str] = mapped_column(String(16))
    node: Mapped[str | None] = mapped_column(String(256))
    made_at: Mapped[float]
    ended_at: Mapped[float | None]
    bits: Mapped[str | None] = mapped_column(String(64))


class Webhook(Table):
    """Whom a project tells of its verdicts. The secret signs what is sent, so it must be kept as it is."""

    __tablename__ = "webhooks"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    set_at: Mapped[float]


class Delivery(Table):
    """What is to be told, written with what it speaks of: the outbox, and then the history. `due` is when it is tried next.

    `event` is null for a verdict; for an alert both ids are those of the run that raised it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
        Index(None, "original_id"),
        Index("ix_deliveries_due", "due", **only_where("state = 'waiting'")),
        Index(None, "project_id", "created_at"),
    )

    rerun_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    original_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    project_id: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int]
    due: Mapped[float]
    created_at: Mapped[float]
    tried_at: Mapped[float | None]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    event: Mapped[str | None] = mapped_column(String(16))


class Signer(Table):
    """A public key that receipts of this service were signed with, and since when. The private one is never in here."""

    __tablename__ = "signers"

    public_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    since: Mapped[float]


class Installation(Table):
    """One row: the name of this service among all there are, which goes with its database."""

    __tablename__ = "installation"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(32))
