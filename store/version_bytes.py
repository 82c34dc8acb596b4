"""Whose bytes a version's files are: what a version no longer names, the keeper looks at."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.artifacts import loosen
from store.tables import Collection, Version, VersionFile


def known(session: Session, project_id: str, md5: str) -> VersionFile | None:
    """A file of the project's versions that has these bytes."""
    query = select(VersionFile).join(Version).join(Collection).where(Collection.project_id == project_id, VersionFile.md5 == md5)
    return session.scalars(query.where(VersionFile.sha256.is_not(None)).limit(1)).one_or_none()


def loosen_of(session: Session, version_id: str) -> None:
    held = list(session.scalars(select(VersionFile.sha256).where(VersionFile.version_id == version_id).distinct()))
    loosen(session, [*held, session.scalar(select(Version.manifest_sha256).where(Version.id == version_id))])
