"""Manifests of artifacts: what files a version has, as the SDK uploads it, and the files beside it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from api.parts import Parts
from api.problems import Problem
from store import versions
from store.artifacts import Blob, loosen
from store.errors import ArtifactNotFound
from store.tables import Version, VersionFile

MANIFEST = "m"
FILE = "f/"
INCREMENTAL, PATCH = "INCREMENTAL", "PATCH"
LARGEST = 200_000_000
MOST_FILES = 100_000
LONGEST_NAME = 512


def is_inside(name: str) -> bool:
    """Whether a file may be called so: in the artifact's folder wherever that is, and not too long."""
    return 0 < len(name) <= LONGEST_NAME and "\0" not in name and name[0] not in "/\\" and ".." not in name.replace("\\", "/").split("/")


def keep(parts: Parts, version_id: str, name: str, blob: Blob) -> None:
    """Keep what was put: the manifest, or a file, whose MD5 must be the one that was announced. Raises ArtifactNotFound, NotWhole, Problem 422."""
    if name.startswith(FILE):
        with parts.db.begin() as session:
            versions.put(session, version_id, name.removeprefix(FILE), blob)
        return
    with parts.db.read() as session:
        is_patch = versions.get(session, version_id, None).manifest_kind == PATCH
    if not is_patch:
        with parts.db.begin() as session:
            versions.put_manifest(session, version_id, blob)
        return
    own = _read(parts, blob.sha256)  # of one process of several, each with its own files
    with parts.db.begin() as session:
        version = versions.locked(session, version_id)
        held = _read(parts, version.manifest_sha256)["contents"] if version.manifest_sha256 else {}
        whole = _must_be_few({**own, "contents": {**held, **own["contents"]}})
        loosen(session, [blob.sha256])
        versions.put_manifest(session, version_id, parts.files.put([orjson.dumps(whole)]))


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
    if version.manifest_kind == INCREMENTAL and base is not None:
        own = _must_be_few({**own, "contents": {**_read(parts, base.manifest_sha256)["contents"], **own["contents"]}})
    blob = parts.files.put([orjson.dumps(own)])
    return own["contents"], blob


def digest_of(contents: Mapping[str, Mapping[str, Any]]) -> str:
    """What the SDK would call these entries by, had one process logged them all: one version stands for one content by it."""
    lines = "".join(f"{name}:{entry['digest']}\n" for name, entry in sorted(contents.items()))
    return hashlib.md5(f"wandb-artifact-manifest-v1\n{lines}".encode(), usedforsecurity=False).hexdigest()


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
    return _must_be_few(document)


def _must_be_few(document: Any) -> dict[str, Any]:
    contents = document.get("contents") if isinstance(document, dict) else None
    if not isinstance(contents, dict) or len(contents) > MOST_FILES or not all(_is_entry(name, entry) for name, entry in contents.items()):
        of = f'at most {MOST_FILES:,} names of up to {LONGEST_NAME} characters inside the artifact, each {{"digest", "size"}}'
        raise Problem(422, f'A manifest takes "contents": {of}.')
    return document  # type: ignore[no-any-return]


def _is_entry(name: str, entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("digest"), str) or not is_inside(name) or "\0" in entry["digest"]:
        return False
    size = entry.get("size", 0)
    return size is None or (isinstance(size, int) and 0 <= size < 1 << 62)
