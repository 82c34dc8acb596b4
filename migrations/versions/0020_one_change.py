"""What becomes of a run that changes more than one factor against its baseline; and queued runs in the order in which they are claimed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("many_changes", sa.String(16), nullable=False, server_default="refuse"))
    op.drop_index(op.f("ix_runs_state_queue_priority_created_at"), "runs")
    op.create_index("ix_runs_waiting", "runs", ["state", "queue", sa.text("priority DESC"), "created_at", "id", "wanted_node"])


def downgrade() -> None:
    op.drop_index("ix_runs_waiting", "runs")
    op.create_index(op.f("ix_runs_state_queue_priority_created_at"), "runs", ["state", "queue", "priority", "created_at"])
    op.drop_column("projects", "many_changes")
