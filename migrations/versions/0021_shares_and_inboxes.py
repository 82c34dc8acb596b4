"""Read-only links to runs, studies and the badges of projects; how far keys have read their inboxes, and the indexes that those are read by."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SHARED = {"run_id": "runs", "study_id": "studies", "project_id": "projects"}
ONE_IS_SHARED = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in SHARED) + " = 1"
NEWEST_FIRST = {
    "runs": ["created_by", "finished_at", "id"],
    "verdicts": ["judged_at", "original_id", "rerun_id"],
    "alerts": ["at", "run_id", "version"],
}


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
    op.create_table(
        "inbox_marks",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_inbox_marks_key_id_keys"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_inbox_marks")),
    )
    for table, columns in NEWEST_FIRST.items():
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def downgrade() -> None:
    for table, columns in NEWEST_FIRST.items():
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    op.drop_table("inbox_marks")
    op.drop_table("shares")
