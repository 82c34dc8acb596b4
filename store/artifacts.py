"""Artifacts: rows that name a run's files, and the files themselves, each kept once under its digest."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.database import now
from store.errors import ArtifactNotFound
from store.fence import Claim, must_own
from store.ids import new_id
from store.tables import Artifact, Run

PIECE = 1 << 20


@dataclass(frozen=True)
class Blob:
    sha256: str
    size_bytes: int


class ArtifactFiles:
    """Files named by the SHA-256 of their content: no name that a client gives ever becomes a path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """The digest and size of the bytes, which are now on disk, fsynced."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, draft = tempfile.mkstemp(dir=self.root, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            place = self.path(digest.hexdigest())
            place.parent.mkdir(mode=0o700, exist_ok=True)
            Path(draft).replace(place)
            _fsync_folder(place.parent)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return Blob(digest.hexdigest(), size)

    def put_file(self, path: Path) -> Blob:
        with path.open("rb") as file:
            return self.put(iter(lambda: file.read(PIECE), b""))

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def drop(self, sha256: str, older_than_s: float = 3600.0) -> bool:
        """Whether the file was removed. A young file stays: somebody may be about to add a row for the same bytes."""
        path = self.path(sha256)
        if not path.exists() or time.time() - path.stat().st_mtime < older_than_s:
            return False
        path.unlink(missing_ok=True)
        return True


def add(session: Session, run_id: str, attempt: int, name: str, blob: Blob) -> Artifact:
    """The run's artifact of that name, in place of an earlier one."""
    found = session.scalars(select(Artifact).where(Artifact.run_id == run_id, Artifact.name == name)).one_or_none()
    artifact = found or Artifact(id=new_id(), run_id=run_id, name=name)
    artifact.attempt, artifact.size_bytes, artifact.sha256 = attempt, blob.size_bytes, blob.sha256
    artifact.created_at = session.scalar(select(now())) or 0.0
    session.add(artifact)
    session.flush()
    return artifact


def add_from_attempt(session: Session, claim: Claim, name: str, blob: Blob) -> Artifact:
    """Raises LeaseLost."""
    must_own(session, claim)
    return add(session, claim.run_id, claim.attempt, name, blob)


def of_run(session: Session, run_id: str) -> list[Artifact]:
    return list(session.scalars(select(Artifact).where(Artifact.run_id == run_id).order_by(Artifact.name)))


def get(session: Session, artifact_id: str, entity: str | None = None) -> Artifact:
    """Raises ArtifactNotFound, also when its run belongs to another entity than the one given."""
    artifact = session.get(Artifact, artifact_id)
    if artifact is None or (entity is not None and session.get_one(Run, artifact.run_id).project.entity != entity):
        raise ArtifactNotFound(artifact_id)
    return artifact


def unreferenced(session: Session, sha256s: Sequence[str]) -> list[str]:
    """Those of the digests that no artifact has."""
    used = set(session.scalars(select(Artifact.sha256).where(Artifact.sha256.in_(sha256s))))
    return [sha256 for sha256 in sha256s if sha256 not in used]


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
