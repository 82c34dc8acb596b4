"""Data sets that are uploaded: what they are, and under which digests their arrays lie."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBERS = ("images", "height", "width", "channels", "classes")
INDEXED = ("digest", "x_sha256", "y_sha256")


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("name", NAME, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in NUMBERS),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("x_sha256", sa.String(length=64), nullable=False),
        sa.Column("y_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_datasets")),
    )
    for column in INDEXED:
        op.create_index(op.f(f"ix_datasets_{column}"), "datasets", [column])


def downgrade() -> None:
    for column in INDEXED:
        op.drop_index(op.f(f"ix_datasets_{column}"), "datasets")
    op.drop_table("datasets")
