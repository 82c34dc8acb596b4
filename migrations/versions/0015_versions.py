"""Versioned artifacts: collections, versions, aliases, files and lineage."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("versions", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_collections_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_collections_project_id_name")),
    )
    op.create_index(op.f("ix_collections_project_id_type"), "collections", ["project_id", "type"])
    op.create_table(
        "versions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("collection_id", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("ttl_s", sa.BigInteger(), nullable=True),
        sa.Column("logged_by", sa.String(32), nullable=True),
        sa.Column("base_id", sa.String(32), nullable=True),
        sa.Column("manifest_kind", sa.String(16), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_versions_collection_id_collections"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("collection_id", "number", name=op.f("uq_versions_collection_id_number")),
    )
    op.create_index(op.f("ix_versions_collection_id_digest"), "versions", ["collection_id", "digest"])
    op.create_index(op.f("ix_versions_logged_by"), "versions", ["logged_by"])
    op.create_index(op.f("ix_versions_manifest_sha256"), "versions", ["manifest_sha256"])
    op.create_table(
        "version_aliases",
        sa.Column("collection_id", sa.String(32), nullable=False),
        sa.Column("alias", sa.String(256), nullable=False),
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_version_aliases_collection_id_collections"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_aliases_version_id_versions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("collection_id", "alias", name=op.f("pk_version_aliases")),
    )
    op.create_index(op.f("ix_version_aliases_version_id"), "version_aliases", ["version_id"])
    op.create_table(
        "version_files",
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("md5", sa.String(128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("reference", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_files_version_id_versions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_version_files")),
    )
    op.create_index(op.f("ix_version_files_sha256"), "version_files", ["sha256"])
    op.create_index(op.f("ix_version_files_md5"), "version_files", ["md5"])
    op.create_table(
        "version_uses",
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("version_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_version_uses_run_id_runs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_version_uses_version_id_versions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "version_id", name=op.f("pk_version_uses")),
    )
    op.create_index(op.f("ix_version_uses_version_id"), "version_uses", ["version_id"])


def downgrade() -> None:
    for table in ("version_uses", "version_files", "version_aliases", "versions", "collections"):
        op.drop_table(table)
