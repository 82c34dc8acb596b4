"""Linked collections and registries, what clients call their versions, tags of collections, and the MD5 of files."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

DRAFTS = sa.text("number IS NULL")


def upgrade() -> None:
    op.add_column("collections", sa.Column("linked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("collections", sa.Column("tags", sa.JSON(), nullable=True))
    op.add_column("collections", sa.Column("updated_at", sa.Double(), nullable=True))
    op.add_column("versions", sa.Column("history_step", sa.BigInteger(), nullable=True))
    op.add_column("artifacts", sa.Column("md5", sa.String(24), nullable=True))
    op.add_column("projects", sa.Column("as_registry", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_versions_updated_at"), "versions", ["updated_at"], sqlite_where=DRAFTS, postgresql_where=DRAFTS)
    op.create_table(
        "version_links",
        sa.Column("collection_id", sa.String(32), nullable=False),
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_version_links_collection_id_collections"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_links_version_id_versions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("collection_id", "version_id", name=op.f("pk_version_links")),
        sa.UniqueConstraint("collection_id", "number", name=op.f("uq_version_links_collection_id_number")),
    )
    op.create_index(op.f("ix_version_links_version_id"), "version_links", ["version_id"])
    op.create_table(
        "version_clients",
        sa.Column("client_id", sa.String(128), nullable=False),
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_clients_version_id_versions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "version_id", name=op.f("pk_version_clients")),
    )
    op.create_index(op.f("ix_version_clients_version_id"), "version_clients", ["version_id"])


def downgrade() -> None:
    for table in ("version_clients", "version_links"):
        op.drop_table(table)
    op.execute("DELETE FROM version_aliases WHERE collection_id IN (SELECT id FROM collections WHERE linked)")
    op.execute("DELETE FROM collections WHERE linked")
    op.drop_index(op.f("ix_versions_updated_at"), "versions")
    for table, column in (
        ("projects", "as_registry"),
        ("artifacts", "md5"),
        ("versions", "history_step"),
        ("collections", "updated_at"),
        ("collections", "tags"),
        ("collections", "linked"),
    ):
        op.drop_column(table, column)
