"""Sweeps with their agents and the points they gave out; alerts that runs raise, which webhooks are told of as well."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_place", sa.BigInteger(), nullable=False),
        sa.Column("prior_runs", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state IN ('RUNNING', 'PAUSED', 'CANCELED', 'FINISHED')", name=op.f("ck_sweeps_state")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_sweeps_project_id_projects"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_sweeps_project_id_name")),
    )
    op.create_index(op.f("ix_sweeps_project_id_created_at_id"), "sweeps", ["project_id", "created_at", "id"])
    op.create_table(
        "sweep_agents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sweep_id", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=256), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("heartbeat_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_sweep_agents_sweep_id_sweeps"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_agents")),
    )
    op.create_index(op.f("ix_sweep_agents_sweep_id_created_at_id"), "sweep_agents", ["sweep_id", "created_at", "id"])
    op.create_table(
        "sweep_trials",
        sa.Column("sweep_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("point", sa.JSON(), nullable=True),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_sweep_trials_sweep_id_sweeps"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "place", name=op.f("pk_sweep_trials")),
        sa.UniqueConstraint("sweep_id", "external_id", name=op.f("uq_sweep_trials_sweep_id_external_id")),
    )
    op.create_index(op.f("ix_sweep_trials_agent_id_place"), "sweep_trials", ["agent_id", "place"])
    op.create_table(
        "alerts",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("level IN ('INFO', 'WARN', 'ERROR')", name=op.f("ck_alerts_level")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_alerts_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "version", name=op.f("pk_alerts")),
    )
    op.add_column("deliveries", sa.Column("event", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM deliveries WHERE event IS NOT NULL")
    op.drop_column("deliveries", "event")
    for table in ("alerts", "sweep_trials", "sweep_agents", "sweeps"):
        op.drop_table(table)
