"""Artifacts: rows that name a run's files, and the files themselves, each kept once under its digest."""

import base64
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from store import runs
from store.database import Database, insert_into, now
from store.errors import ArtifactNotFound
from store.fence import Claim, must_own
from store.ids import new_id
from store.tables import Artifact, Dataset, LooseFile, Run, Version, VersionFile

PIECE = 1 << 20
GRACE_S = 3600.0
DRAFT = ".draft-"
MOST_NAMES = 10_000
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Blob:
    """Bytes that are on disk. `md5` is in base64, of drafts that were asked for it."""

    sha256: str
    size_bytes: int
    md5: str | None = None


class Draft:
    """Bytes on their way to disk, not found under any name yet. `finish` puts them under their digest; leaving without it removes them."""

    def __init__(self, files: "ArtifactFiles", with_md5: bool) -> None:
        files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, self._path = tempfile.mkstemp(dir=files.root, prefix=DRAFT)
        self._file, self._files = os.fdopen(handle, "wb"), files
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._size_bytes = 0

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        Path(self._path).unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        self._sha256.update(piece)
        if self._md5 is not None:
            self._md5.update(piece)
        self._size_bytes += len(piece)
        self._file.write(piece)

    def finish(self) -> Blob:
        """The digest and size of the bytes, which are now on disk, fsynced."""
        self._file.flush()
        os.fsync(self._file.fileno())
        place = self._files.path(self._sha256.hexdigest())
        place.parent.mkdir(mode=0o700, exist_ok=True)
        Path(self._path).replace(place)
        _fsync_folder(place.parent)
        md5 = None if self._md5 is None else base64.b64encode(self._md5.digest()).decode()
        return Blob(self._sha256.hexdigest(), self._size_bytes, md5)


class ArtifactFiles:
    """Files named by the SHA-256 of their content: no name that a client gives ever becomes a path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def draft(self, *, with_md5: bool = False) -> Draft:
        return Draft(self, with_md5)

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """The digest and size of the bytes, which are now on disk, fsynced."""
        with self.draft() as draft:
            for piece in pieces:
                draft.write(piece)
            return draft.finish()

    def put_file(self, path: Path) -> Blob:
        with path.open("rb") as file:
            return self.put(iter(lambda: file.read(PIECE), b""))

    def open(self, sha256: str) -> BinaryIO:
        return self.path(sha256).open("rb")

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def age_s(self, sha256: str) -> float | None:
        """How long ago the file was written; None when there is none."""
        return _age_s(self.path(sha256))

    def set_aside(self, sha256: str) -> Path | None:
        """Where the file lies now, which nobody finds any more under its digest; None when there is none."""
        aside = self.root / f".aside-{sha256}"
        try:
            self.path(sha256).rename(aside)
        except FileNotFoundError:
            return aside if aside.exists() else None
        return aside

    def remove_old_drafts(self, older_than_s: float) -> int:
        """How many there were, of processes that died while they wrote."""
        old = [path for path in self.root.glob(f"{DRAFT}*") if (_age_s(path) or 0.0) > older_than_s]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def put_back(self, sha256: str, aside: Path) -> None:
        aside.replace(self.path(sha256))


def remove_if_unused(db: Database, files: ArtifactFiles, sha256: str) -> float | None:
    """None when the file is gone, or is somebody's; else in how many seconds to look again.

    Somebody may be about to add a row for the same bytes: who puts a file makes it young again, and adds the row within `GRACE_S`. So a file is
    removed only if it is old and, looked up after that was seen, unused; it is first set aside, so that one put meanwhile is not taken for it.
    """
    age_s = files.age_s(sha256)
    if _is_used(db, sha256):
        return None
    if age_s is not None and age_s < GRACE_S:
        return GRACE_S - age_s + 1.0
    aside = files.set_aside(sha256)
    if aside is None:
        return None
    if (_age_s(aside) or 0.0) < GRACE_S or _is_used(db, sha256):
        files.put_back(sha256, aside)
        return GRACE_S
    aside.unlink()
    return None


def add(session: Session, run_id: str, attempt: int, name: str, blob: Blob) -> Artifact:
    """The run's artifact of that name, in place of an earlier one, whose bytes may be nobody's then."""
    found = session.scalars(select(Artifact).where(Artifact.run_id == run_id, Artifact.name == name)).one_or_none()
    artifact = found or Artifact(id=new_id(), run_id=run_id, name=name)
    if found is not None and found.sha256 != blob.sha256:
        loosen(session, [found.sha256])
    artifact.attempt, artifact.size_bytes, artifact.sha256, artifact.md5 = attempt, blob.size_bytes, blob.sha256, blob.md5
    artifact.created_at = session.scalar(select(now())) or 0.0
    session.add(artifact)
    session.flush()
    return artifact


def named(session: Session, run_id: str, names: Sequence[str] | None, pattern: str | None, after: str, limit: int) -> list[Artifact]:
    """The run's artifacts by name, behind `after`: of these names, and like `pattern` (SQL's LIKE)."""
    query = select(Artifact).where(Artifact.run_id == run_id, Artifact.name > after).order_by(Artifact.name).limit(limit)
    if names is not None:
        query = query.where(Artifact.name.in_(names[:MOST_NAMES]))
    if pattern is not None:
        query = query.where(Artifact.name.like(pattern, escape="\\"))
    return list(session.scalars(query))


def count(session: Session, run_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Artifact).where(Artifact.run_id == run_id)) or 0


def drop(session: Session, artifact: Artifact) -> None:
    """The file is the run's no longer; its bytes go when they are nobody's."""
    loosen(session, [artifact.sha256])
    session.delete(artifact)


def loosen(session: Session, digests: Sequence[str | None]) -> None:
    """Files with these bytes may be nobody's now: the keeper looks."""
    rows = [{"sha256": sha256, "due": now()} for sha256 in sorted({digest for digest in digests if digest})]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        session.execute(insert_into(session, LooseFile).values(rows[start : start + ROWS_AT_ONCE]).on_conflict_do_nothing())


def add_from_attempt(session: Session, claim: Claim, name: str, blob: Blob) -> Artifact:
    """Raises LeaseLost."""
    must_own(session, claim)
    return add(session, claim.run_id, claim.attempt, name, blob)


def of_run(session: Session, run_id: str) -> list[Artifact]:
    return list(session.scalars(select(Artifact).where(Artifact.run_id == run_id).order_by(Artifact.name)))


def get(session: Session, artifact_id: str, entity: str | None = None) -> Artifact:
    """Raises ArtifactNotFound, also when its run belongs to another entity than the one given."""
    artifact = session.get(Artifact, artifact_id)
    if artifact is None or not runs.may_see(session.get_one(Run, artifact.run_id), entity):
        raise ArtifactNotFound(artifact_id)
    return artifact


def _is_used(db: Database, sha256: str) -> bool:
    with db.read() as session:
        of_run = select(Artifact.id).where(Artifact.sha256 == sha256).limit(1)
        of_dataset = select(Dataset.name).where(or_(Dataset.x_sha256 == sha256, Dataset.y_sha256 == sha256)).limit(1)
        of_version = select(VersionFile.name).where(VersionFile.sha256 == sha256).limit(1)
        manifest = select(Version.id).where(Version.manifest_sha256 == sha256).limit(1)
        return any(session.scalar(query) is not None for query in (of_run, of_dataset, of_version, manifest))


def _age_s(path: Path) -> float | None:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
