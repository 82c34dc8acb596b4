"""Manifests of artifacts: what files a version has, as the SDK uploads it, and the files beside it."""

import base64
import hashlib
from typing import Any

import orjson

from api.parts import Parts
from api.problems import Problem
from store import version_bytes, versions
from store.artifacts import PIECE, Blob
from store.errors import ArtifactNotFound
from store.tables import Version, VersionFile

MANIFEST = "m"
FILE = "f/"
LARGEST = 200_000_000
MOST_FILES = 100_000


def keep(parts: Parts, version_id: str, name: str, body: Any) -> None:
    """Keep what was put: the manifest, or a file, whose MD5 must be the one that was announced. Raises ArtifactNotFound, NotWhole."""
    body.seek(0)
    md5 = hashlib.md5(usedforsecurity=False)
    for piece in iter(lambda: body.read(PIECE), b""):
        md5.update(piece)
    body.seek(0)
    blob = parts.files.put(iter(lambda: body.read(PIECE), b""))
    with parts.db.begin() as session:
        if name.startswith(FILE):
            versions.put(session, version_id, name.removeprefix(FILE), blob, base64.b64encode(md5.digest()).decode())
            return
        version = versions.get(session, version_id, None)
        if version.number is None:
            version_bytes.loosen(session, [version.manifest_sha256])
            version.manifest_sha256 = blob.sha256


def digest(parts: Parts, version_id: str, name: str) -> str:
    """The SHA-256 of a version's manifest or file. Raises ArtifactNotFound."""
    with parts.db.read() as session:
        version = versions.get(session, version_id, None)
        file = session.get(VersionFile, (version_id, name.removeprefix(FILE))) if name.startswith(FILE) else None
        found = file.sha256 if file else version.manifest_sha256 if name == MANIFEST else None
    if found is None or not parts.files.path(found).is_file():
        raise ArtifactNotFound(version_id)
    return found


def whole(parts: Parts, version: Version, base: Version | None) -> tuple[dict[str, Any], Blob]:
    """The manifest's entries by name, an incremental one's beside its base's, and the file that says so. Raises Problem 422."""
    own = _read(parts, version.manifest_sha256)
    if version.manifest_kind != "FULL" and base is not None:
        own = {**own, "contents": {**_read(parts, base.manifest_sha256)["contents"], **own["contents"]}}
    blob = parts.files.put([orjson.dumps(own)])
    return own["contents"], blob


def _read(parts: Parts, sha256: str | None) -> dict[str, Any]:
    if sha256 is None:
        raise Problem(422, "The artifact has no manifest yet: it must be uploaded before the artifact is committed.")
    path = parts.files.path(sha256)
    if path.stat().st_size > LARGEST:
        raise Problem(422, f"A manifest takes at most {LARGEST:,} bytes.")
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Problem(422, f"The artifact's manifest is not JSON: {error}.") from error
    contents = document.get("contents") if isinstance(document, dict) else None
    if not isinstance(contents, dict) or len(contents) > MOST_FILES or not all(_is_entry(name, entry) for name, entry in contents.items()):
        raise Problem(422, f'A manifest takes "contents" with at most {MOST_FILES:,} names of up to 512 characters, each {{"digest", "size"}}.')
    return document  # type: ignore[no-any-return]


def _is_entry(name: str, entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("digest"), str) or not 0 < len(name) <= 512 or "\0" in name:
        return False
    size = entry.get("size", 0)
    return size is None or (isinstance(size, int) and 0 <= size < 1 << 62)
