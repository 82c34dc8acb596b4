"""Runs that are written in streams of lines, as the wandb SDK writes them: how far each was taken, and what of the rows is no number."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "streamed_runs",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("set_aside", sa.BigInteger(), nullable=False),
        sa.Column("set_aside_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_streamed_runs_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_streamed_runs")),
    )
    op.create_table(
        "stream_marks",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("placed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_stream_marks_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stream", "writer", name=op.f("pk_stream_marks")),
    )
    op.create_table(
        "history_pieces",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("first_step", "last_step", "count")),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_history_pieces_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stream", "number", name=op.f("pk_history_pieces")),
    )
    op.create_index(op.f("ix_history_pieces_run_id_stream_first_step"), "history_pieces", ["run_id", "stream", "first_step"])
    op.add_column("log_lines", sa.Column("marks", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("log_lines", "marks")
    for name in ("history_pieces", "stream_marks", "streamed_runs"):
        op.drop_table(name)
