"""What becomes of a run that changes more than one factor against its baseline, project by project."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("many_changes", sa.String(16), nullable=False, server_default="refuse"))


def downgrade() -> None:
    op.drop_column("projects", "many_changes")
