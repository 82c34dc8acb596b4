"""A run's files."""

from api.answers import rfc3339
from api.schemas.others import ArtifactShown
from store.tables import Artifact


def artifact_shown(artifact: Artifact) -> ArtifactShown:
    return {
        "id": artifact.id,
        "run": artifact.run_id,
        "name": artifact.name,
        "size_bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "created_at": rfc3339(artifact.created_at),
    }
