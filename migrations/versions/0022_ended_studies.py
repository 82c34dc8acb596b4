"""When the last run of a study ended and what came of its runs, which the inbox tells instead of each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COUNTS = ("runs_ended", "runs_failed")
OPEN = sa.text("ended_at IS NULL AND cancelled_at IS NULL")


def upgrade() -> None:
    op.add_column("studies", sa.Column("ended_at", sa.Double(), nullable=True))
    for name in COUNTS:
        op.add_column("studies", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_index("ix_studies_open", "studies", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(op.f("ix_studies_created_by_ended_at_id"), "studies", ["created_by", "ended_at", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_studies_created_by_ended_at_id"), "studies")
    op.drop_index("ix_studies_open", "studies")
    for name in (*COUNTS, "ended_at"):
        op.drop_column("studies", name)
