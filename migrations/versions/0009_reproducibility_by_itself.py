"""Policies, the reruns that they make, webhooks with their outbox, who signs receipts, and what a verdict was judged with."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("rerun", sa.String(length=16), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=True),
        sa.Column("canary_run_id", sa.String(length=32), nullable=True),
        sa.Column("canary_every_s", sa.Double(), nullable=True),
        sa.Column("reverify_per_hour", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("rerun IN ('never', 'every', 'sample')", name=op.f("ck_policies_rerun")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_policies_project_id_projects"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_policies")),
    )
    op.create_table(
        "automatic_reruns",
        sa.Column("rerun_id", sa.String(length=32), nullable=False),
        sa.Column("original_id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("node", sa.String(length=256), nullable=True),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("bits", sa.String(length=64), nullable=True),
        sa.CheckConstraint("cause IN ('policy', 'canary', 'stale')", name=op.f("ck_automatic_reruns_cause")),
        *_of_two_runs("automatic_reruns"),
        sa.PrimaryKeyConstraint("rerun_id", name=op.f("pk_automatic_reruns")),
    )
    op.create_index(op.f("ix_automatic_reruns_original_id_made_at"), "automatic_reruns", ["original_id", "made_at"])
    op.create_index(op.f("ix_automatic_reruns_project_id_cause_made_at"), "automatic_reruns", ["project_id", "cause", "made_at"])
    _index_where("ix_automatic_reruns_once", "automatic_reruns", "original_id", "cause = 'policy'", unique=True)
    op.create_table(
        "webhooks",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("set_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_webhooks_project_id_projects"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "deliveries",
        sa.Column("rerun_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("original_id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("tried_at", sa.Double(), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name=op.f("ck_deliveries_state")),
        *_of_two_runs("deliveries"),
        sa.PrimaryKeyConstraint("rerun_id", "id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_original_id"), "deliveries", ["original_id"])
    op.create_index(op.f("ix_deliveries_project_id_created_at"), "deliveries", ["project_id", "created_at"])
    _index_where("ix_deliveries_due", "deliveries", "due", "state = 'waiting'")
    op.create_table(
        "signers",
        sa.Column("public_key", sa.String(length=80), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("public_key", name=op.f("pk_signers")),
    )
    op.create_table(
        "installation",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_installation")),
    )
    op.add_column("verdicts", sa.Column("judged_with", sa.Text(), nullable=True))
    _say_what_verdicts_were_judged_with()


def downgrade() -> None:
    op.drop_column("verdicts", "judged_with")
    for table in ("installation", "signers", "deliveries", "webhooks", "automatic_reruns", "policies"):
        op.drop_table(table)


def _of_two_runs(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], ["runs.id"], name=op.f(f"fk_{table}_{column}_runs"), ondelete="CASCADE")
        for column in ("rerun_id", "original_id")
    ]


def _index_where(name: str, table: str, column: str, condition: str, unique: bool = False) -> None:
    op.create_index(name, table, [column], unique=unique, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def _say_what_verdicts_were_judged_with() -> None:
    connection = op.get_bind()
    asked = "SELECT v.rerun_id, r.queue, r.digests, r.environment FROM verdicts v JOIN runs r ON r.id = v.rerun_id WHERE r.origin = 'managed'"
    rows = [
        {"rerun": row.rerun_id, "with": _judged_with(row.queue, _read(row.digests), _read(row.environment))}
        for row in connection.execute(sa.text(asked))
    ]
    if rows:
        connection.execute(sa.text("UPDATE verdicts SET judged_with = :with WHERE rerun_id = :rerun"), rows)


def _read(held: Any) -> dict[str, Any]:
    """A JSON column, which one driver gives as text and the other as what it says."""
    return dict(json.loads(held) if isinstance(held, str) else held or {})


def _judged_with(queue: str, digests: dict[str, Any], environment: dict[str, Any]) -> str | None:
    """As store.staleness.judged_with had it when this was written."""
    if not environment:
        return None
    gpu = environment.get("gpu") or {}
    known = {"torch": (environment.get("torch") or {}).get("version"), "code": digests.get("code"), "driver": gpu.get("driver")}
    return json.dumps({"queue": queue, **{name: value for name, value in known.items() if value}}, sort_keys=True)
