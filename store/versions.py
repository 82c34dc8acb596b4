"""Versioned artifacts: drafts become numbered versions of a collection when they are committed; aliases move, lineage stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from store import runs
from store.artifacts import Blob
from store.database import insert_into, now
from store.errors import ArtifactNotFound, Conflict
from store.ids import new_id
from store.tables import LooseFile, Project, Run
from store.version_tables import Collection, Version, VersionAlias, VersionFile, VersionUse

LATEST = "latest"


class NotWhole(Conflict):
    """A version whose files are not all there, or are others than its manifest says."""


def collection(session: Session, project: Project, name: str, kind: str) -> Collection:
    """The collection, made when there is none. Raises Conflict for one of another type."""
    row = {"id": new_id(), "project_id": project.id, "type": kind, "name": name, "description": "", "versions": 0, "created_at": now()}
    session.execute(insert_into(session, Collection).values(row).on_conflict_do_nothing())
    found = session.scalars(select(Collection).where(Collection.project_id == project.id, Collection.name == name)).one()
    if found.type != kind:
        raise Conflict(f"Artifact {name} of project {project.path} has the type {found.type!r}; got {kind!r}.")
    return found


def find_collection(session: Session, project: Project, name: str) -> Collection | None:
    return session.scalars(select(Collection).where(Collection.project_id == project.id, Collection.name == name)).one_or_none()


def draft(session: Session, of: Collection, run: Run | None, **fields: Any) -> Version:
    moment = session.scalar(select(now())) or 0.0
    made = Version(id=new_id(), collection_id=of.id, logged_by=run.id if run else None, manifest_kind="FULL", size_bytes=0, files=0, **fields)
    made.created_at = made.updated_at = moment
    session.add(made)
    session.flush()
    return made


def same(session: Session, of: Collection, digest: str) -> Version | None:
    """The newest committed version with this digest."""
    query = select(Version).where(Version.collection_id == of.id, Version.digest == digest, Version.number.is_not(None))
    return session.scalars(query.order_by(Version.number.desc()).limit(1)).one_or_none()


def get(session: Session, version_id: str, entity: str | None) -> Version:
    """Raises ArtifactNotFound, also when it belongs to another entity than the one given."""
    found = session.get(Version, version_id, populate_existing=True)
    if found is None or entity not in (None, found.collection.project.entity):
        raise ArtifactNotFound(version_id)
    return found


def named(session: Session, project: Project, text: str) -> Version | None:
    """By `name:alias`, `name:v3` or `name:digest`; a bare name is its latest."""
    name, _, alias = text.rpartition("/")[2].partition(":")
    found = find_collection(session, project, name)
    return None if found is None else of_alias(session, found, alias or LATEST)


def of_alias(session: Session, of: Collection, alias: str) -> Version | None:
    """An alias that someone gave comes before a version's own number and digest."""
    held = session.get(VersionAlias, (of.id, alias))
    if held is not None:
        return session.get(Version, held.version_id)
    if alias[:1] == "v" and alias[1:].isdecimal() and len(alias) < 12:
        query = select(Version).where(Version.collection_id == of.id, Version.number == int(alias[1:]))
        return session.scalars(query).one_or_none()
    return same(session, of, alias)


def latest(session: Session, of: Collection) -> Version | None:
    query = select(Version).where(Version.collection_id == of.id, Version.number.is_not(None)).order_by(Version.number.desc()).limit(1)
    return session.scalars(query).one_or_none()


def listed(session: Session, of: Collection, after: int, limit: int) -> list[Version]:
    """Committed versions below the number `after`, newest first."""
    query = select(Version).where(Version.collection_id == of.id, Version.number < after).order_by(Version.number.desc()).limit(limit)
    return list(session.scalars(query))


def want(session: Session, version: Version, name: str, md5: str) -> VersionFile:
    """The file of that name is to be put; it is there already when the project has those bytes."""
    found = session.get(VersionFile, (version.id, name)) or VersionFile(version_id=version.id, name=name)
    held = known_bytes(session, version.collection.project_id, md5)
    found.md5, found.size_bytes, found.sha256 = md5, held.size_bytes if held else 0, held.sha256 if held else None
    session.add(found)
    session.flush()
    return found


def known_bytes(session: Session, project_id: str, md5: str) -> VersionFile | None:
    query = select(VersionFile).join(Version).join(Collection).where(Collection.project_id == project_id, VersionFile.md5 == md5)
    return session.scalars(query.where(VersionFile.sha256.is_not(None)).limit(1)).one_or_none()


def put(session: Session, version_id: str, name: str, blob: Blob, md5: str) -> None:
    """Raises ArtifactNotFound for a file that nobody announced, NotWhole for other bytes than were."""
    found = session.get(VersionFile, (version_id, name))
    if found is None:
        raise ArtifactNotFound(version_id)
    if found.md5 != md5:
        raise NotWhole(f"The file {name!r} was to have the MD5 {found.md5}; what came has {md5}.")
    found.sha256, found.size_bytes = blob.sha256, blob.size_bytes


def commit(session: Session, version: Version, contents: Mapping[str, Mapping[str, Any]], digest_of: Blob) -> Version:
    """The version with its number, its files as the manifest has them and its aliases. Again: the same. Raises NotWhole."""
    session.execute(update(Collection).where(Collection.id == version.collection_id).values(versions=Collection.versions))  # one at a time
    session.refresh(version)
    if version.number is not None:
        return version
    kept = {file.name: file for file in session.scalars(select(VersionFile).where(VersionFile.version_id == version.id))}
    for name, entry in contents.items():
        file = kept.pop(name, None) or VersionFile(version_id=version.id, name=name, sha256=None)
        _fill(session, version, file, entry)
        session.add(file)
    for left in kept.values():
        loosen(session, [left.sha256])
        session.delete(left)
    session.refresh(version.collection)
    version.number = version.collection.versions
    version.collection.versions += 1
    version.manifest_sha256 = digest_of.sha256
    version.files, version.size_bytes = len(contents), sum(int(entry.get("size") or 0) for entry in contents.values())
    session.flush()
    set_aliases(session, version, version.aliases)
    return version


def _fill(session: Session, version: Version, file: VersionFile, entry: Mapping[str, Any]) -> None:
    digest = str(entry["digest"])[:128]
    if entry.get("ref") is not None and not str(entry["ref"]).startswith("wandb-artifact://_"):
        file.md5, file.reference = digest, {"ref": entry["ref"], "extra": entry.get("extra") or {}}
        file.size_bytes, file.sha256 = int(entry.get("size") or 0), None
        return
    if file.sha256 is None or file.md5 != digest:
        held = known_bytes(session, version.collection.project_id, digest)
        if held is None:
            raise NotWhole(f"The manifest names the file {file.name!r} with the MD5 {digest}, which was not uploaded.")
        file.sha256, file.size_bytes = held.sha256, held.size_bytes
    file.md5 = digest


def set_aliases(session: Session, version: Version, aliases: Sequence[str]) -> None:
    """These stand for the version from now on, wherever they stood before in its collection."""
    for alias in dict.fromkeys(aliases):
        row = {"collection_id": version.collection_id, "alias": alias, "version_id": version.id}
        made = insert_into(session, VersionAlias).values(row)
        session.execute(made.on_conflict_do_update(index_elements=["collection_id", "alias"], set_={"version_id": version.id}))


def drop_aliases(session: Session, version: Version, aliases: Sequence[str]) -> None:
    mine = (VersionAlias.collection_id == version.collection_id, VersionAlias.version_id == version.id)
    session.execute(delete(VersionAlias).where(*mine, VersionAlias.alias.in_(aliases)))


def aliases(session: Session, version: Version) -> list[str]:
    return list(session.scalars(select(VersionAlias.alias).where(VersionAlias.version_id == version.id).order_by(VersionAlias.alias)))


def files(session: Session, version: Version, names: Sequence[str] | None, after: str, limit: int) -> list[VersionFile]:
    query = select(VersionFile).where(VersionFile.version_id == version.id, VersionFile.name > after).order_by(VersionFile.name).limit(limit)
    return list(session.scalars(query if names is None else query.where(VersionFile.name.in_(names))))


def use(session: Session, version: Version, run: Run) -> None:
    session.execute(insert_into(session, VersionUse).values(run_id=run.id, version_id=version.id).on_conflict_do_nothing())


def users(session: Session, version: Version) -> list[Run]:
    ids = session.scalars(select(VersionUse.run_id).where(VersionUse.version_id == version.id).order_by(VersionUse.run_id).limit(1000))
    found = [session.get(Run, run_id) for run_id in ids]
    return [run for run in found if run is not None and runs.may_see(run, version.collection.project.entity)]


def of_run(session: Session, run: Run, *, used: bool) -> list[Version]:
    """What the run took, or what it logged; committed ones only, oldest first, at most a thousand."""
    query = select(Version).where(Version.number.is_not(None)).order_by(Version.created_at, Version.id).limit(1000)
    query = query.join(VersionUse).where(VersionUse.run_id == run.id) if used else query.where(Version.logged_by == run.id)
    return list(session.scalars(query))


def drop(session: Session, version: Version) -> None:
    """The version is gone; bytes that are nobody's now, the keeper removes."""
    held = list(session.scalars(select(VersionFile.sha256).where(VersionFile.version_id == version.id)))
    loosen(session, [*held, version.manifest_sha256])
    session.execute(delete(Version).where(Version.id == version.id))


def loosen(session: Session, digests: Sequence[str | None]) -> None:
    rows = [{"sha256": sha256, "due": now()} for sha256 in sorted({digest for digest in digests if digest})]
    for start in range(0, len(rows), 1000):
        session.execute(insert_into(session, LooseFile).values(rows[start : start + 1000]).on_conflict_do_nothing())


def count(session: Session, of: Collection) -> int:
    return session.scalar(select(func.count()).select_from(Version).where(Version.collection_id == of.id, Version.number.is_not(None))) or 0
