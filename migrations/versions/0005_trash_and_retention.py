"""Where deleted runs go until their rows are gone, files to look after, and how long a project keeps its runs."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TRASH = "trash"
PROJECTS = sa.table(
    "projects", sa.column("id", sa.String), sa.column("entity", sa.String), sa.column("name", sa.String), sa.column("created_at", sa.Double)
)
RUNS = sa.table("runs", sa.column("project_id", sa.String), sa.column("archived", sa.Boolean), sa.column("archived_at", sa.Double))


def upgrade() -> None:
    op.add_column("projects", sa.Column("retention", sa.JSON(), nullable=True))
    op.add_column("runs", sa.Column("archived_at", sa.Double(), nullable=True))
    op.execute(sa.update(RUNS).where(RUNS.c.archived).values(archived_at=time.time()))  # when, nobody knows: their days are counted from now
    op.create_index(op.f("ix_runs_baseline_id"), "runs", ["baseline_id"])
    op.create_table(
        "loose_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_loose_files")),
    )
    op.execute(sa.insert(PROJECTS).values(id=TRASH, entity="", name="", created_at=0.0))


def downgrade() -> None:
    op.execute(sa.delete(RUNS).where(RUNS.c.project_id == TRASH))
    op.execute(sa.delete(PROJECTS).where(PROJECTS.c.id == TRASH))
    op.drop_table("loose_files")
    op.drop_index(op.f("ix_runs_baseline_id"), table_name="runs")
    op.drop_column("runs", "archived_at")
    op.drop_column("projects", "retention")
