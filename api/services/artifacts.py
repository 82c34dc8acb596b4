"""A run's files, and the versions of artifacts that it logged and used."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api.answers import rfc3339
from api.auth import Caller
from api.schemas.others import ArtifactShown, VersionShown
from store import memberships, versions
from store.tables import Artifact, Run, Version


def artifact_shown(artifact: Artifact) -> ArtifactShown:
    return {
        "id": artifact.id,
        "run": artifact.run_id,
        "name": artifact.name,
        "size_bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "created_at": rfc3339(artifact.created_at),
    }


def versions_of(session: Session, caller: Caller, run: Run, *, used: bool) -> list[Version]:
    """Those that the caller may see: a run may use what another entity's logged."""
    return [version for version in versions.of_run(session, run, used=used) if caller.may_see(version.collection.project.entity)]


def versions_shown(session: Session, caller: Caller, found: Sequence[Version]) -> list[VersionShown]:
    aliases = memberships.own_aliases(session, [version.id for version in found])
    seen = versions.visible_makers(session, found, caller.entity)
    return [_shown(version, aliases.get(version.id, []), seen) for version in found]


def _shown(version: Version, aliases: list[str], seen: set[str]) -> VersionShown:
    return {
        "id": version.id,
        "project": version.collection.project.path,
        "type": version.collection.type,
        "name": version.collection.name,
        "version": f"v{version.number}",
        "aliases": aliases,
        "tags": list(version.tags),
        "digest": version.digest,
        "size_bytes": version.size_bytes,
        "files": version.files,
        "run": version.logged_by if version.logged_by in seen else None,
        "created_at": rfc3339(version.created_at),
    }
