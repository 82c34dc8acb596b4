"""What clients say of runs they trained: digests and digest chains, for verdicts on runs that were trained elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_evidence",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("chain", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_client_evidence_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_client_evidence")),
    )


def downgrade() -> None:
    op.drop_table("client_evidence")
