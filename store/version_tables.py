"""Tables of versioned artifacts: collections, their versions, and what files a version names. The bytes lie with those of every other artifact."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.mapping import Table, only_where


class Collection(Table):
    """The versions of one thing, v0, v1 and so on; `versions` is how many there have been. One that is `linked` holds versions of others."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("project_id", "name"), Index(None, "project_id", "type"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    type: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str] = mapped_column(Text)
    versions: Mapped[int]
    created_at: Mapped[float]
    linked: Mapped[bool] = mapped_column(server_default=false())
    tags: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    updated_at: Mapped[float | None]

    project: Mapped[Any] = relationship("Project", lazy="joined", innerjoin=True)


class Version(Table):
    """A set of files under a collection's name. It has its `number` from when it is committed; `aliases` are those it is to have then."""

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("collection_id", "number"),
        Index(None, "collection_id", "digest"),
        Index(None, "logged_by"),
        Index(None, "manifest_sha256"),
        Index(None, "updated_at", **only_where("number IS NULL")),  # of drafts, which the keeper removes
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"))
    number: Mapped[int | None]
    digest: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    aliases: Mapped[list[Any]]
    tags: Mapped[list[Any]]
    ttl_s: Mapped[int | None]
    logged_by: Mapped[str | None] = mapped_column(String(32))
    base_id: Mapped[str | None] = mapped_column(String(32))
    manifest_kind: Mapped[str] = mapped_column(String(16))
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    size_bytes: Mapped[int]
    files: Mapped[int]
    created_at: Mapped[float]
    updated_at: Mapped[float]
    history_step: Mapped[int | None]

    collection: Mapped[Collection] = relationship(lazy="joined", innerjoin=True)


class VersionAlias(Table):
    """A name that stands for one version of a collection at a time."""

    __tablename__ = "version_aliases"
    __table_args__ = (Index(None, "version_id"),)

    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True)
    alias: Mapped[str] = mapped_column(String(256), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"))


class VersionFile(Table):
    """A file of a version. Without `sha256` it is a reference, or not uploaded yet; `reference` is an address that is never fetched."""

    __tablename__ = "version_files"
    __table_args__ = (Index(None, "sha256"), Index(None, "md5"))

    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(512), primary_key=True)
    md5: Mapped[str] = mapped_column(String(128))
    size_bytes: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class VersionUse(Table):
    """A run took a version as its input."""

    __tablename__ = "version_uses"
    __table_args__ = (Index(None, "version_id"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True)


class VersionLink(Table):
    """A version stands in a linked collection, too, under a number of its own there."""

    __tablename__ = "version_links"
    __table_args__ = (UniqueConstraint("collection_id", "number"), Index(None, "version_id"))

    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]
    created_at: Mapped[float]


class VersionClient(Table):
    """What a client called a version before it knew its id."""

    __tablename__ = "version_clients"
    __table_args__ = (Index(None, "version_id"),)

    client_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True)
