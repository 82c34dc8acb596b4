"""What the wandb SDK tells of its runs: group, kind of job and sweep of a run, its config by the letter."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NEW = (("group", 256), ("job_type", 256), ("sweep", 64))


def upgrade() -> None:
    for name, length in NEW:
        op.add_column("runs", sa.Column(name, sa.String(length), nullable=True))
        op.create_index(f"ix_runs_project_id_{name}", "runs", ["project_id", name, "id"])
    op.create_table(
        "wandb_runs",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", name="fk_wandb_runs_run_id_runs", ondelete="CASCADE"), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_wandb_runs"),
    )


def downgrade() -> None:
    op.drop_table("wandb_runs")
    for name, _ in NEW:
        op.drop_index(f"ix_runs_project_id_{name}", "runs")
        op.drop_column("runs", name)  # not by a copy of the table, whose end would take the rows of other tables along
