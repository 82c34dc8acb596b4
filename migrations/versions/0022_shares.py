"""Read-only links to runs, studies and the badges of projects."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0019"
branch_labels = None
depends_on = None

SHARED = {"run_id": "runs", "study_id": "studies", "project_id": "projects"}
ONE_IS_SHARED = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in SHARED) + " = 1"


def upgrade() -> None:
    op.create_table(
        "shares",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        *(sa.Column(column, sa.String(length=32), nullable=True) for column in SHARED),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.CheckConstraint(ONE_IS_SHARED, name=op.f("ck_shares_one")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_shares_{column}_{table}"), ondelete="CASCADE")
            for column, table in {**SHARED, "key_id": "keys"}.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
        sa.UniqueConstraint("digest", name=op.f("uq_shares_digest")),
    )
    for column in SHARED:
        op.create_index(op.f(f"ix_shares_{column}"), "shares", [column])


def downgrade() -> None:
    op.drop_table("shares")
