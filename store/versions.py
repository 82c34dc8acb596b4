"""Versioned artifacts: drafts become numbered versions of a collection when they are committed; aliases move, lineage stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from store import memberships, runs, version_aliases, version_bytes
from store import version_collections as collections
from store.artifacts import Blob, loosen
from store.database import insert_into, now
from store.errors import ArtifactNotFound, Conflict
from store.ids import new_id
from store.tables import Project, Run
from store.version_aliases import LATEST
from store.version_tables import Collection, Version, VersionAlias, VersionClient, VersionFile, VersionUse


class NotWhole(Conflict):
    """A version whose files are not all there, or are others than its manifest says."""


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


def want(session: Session, version: Version, name: str, md5: str) -> VersionFile:
    """The file of that name is to be put; it is there already when the project has those bytes."""
    found = session.get(VersionFile, (version.id, name)) or VersionFile(version_id=version.id, name=name)
    held = version_bytes.known(session, version.collection.project_id, md5)
    found.md5, found.size_bytes, found.sha256 = md5, held.size_bytes if held else 0, held.sha256 if held else None
    session.add(found)
    version.updated_at = session.scalar(select(now())) or version.updated_at
    session.flush()
    return found


def put(session: Session, version_id: str, name: str, blob: Blob) -> None:
    """Raises ArtifactNotFound for a file that nobody announced, NotWhole for other bytes than were, or after the commit."""
    found = session.get(VersionFile, (version_id, name))
    if found is None:
        raise ArtifactNotFound(version_id)
    if found.md5 != blob.md5:
        raise NotWhole(f"The file {name!r} was to have the MD5 {found.md5}; what came has {blob.md5}.")
    must_be_draft(session, version_id)
    found.sha256, found.size_bytes = blob.sha256, blob.size_bytes


def put_manifest(session: Session, version_id: str, blob: Blob) -> None:
    """In place of an earlier one. Raises ArtifactNotFound, NotWhole after the commit."""
    version = must_be_draft(session, version_id)
    if version.manifest_sha256 != blob.sha256:
        loosen(session, [version.manifest_sha256])
    version.manifest_sha256 = blob.sha256


def must_be_draft(session: Session, version_id: str) -> Version:
    """The version, which was just written to. Raises ArtifactNotFound, NotWhole for a committed one."""
    version = get(session, version_id, None)
    if version.number is not None:
        raise NotWhole(f"Artifact {version.collection.name}:v{version.number} is committed; its files do not change any more.")
    version.updated_at = session.scalar(select(now())) or version.updated_at
    return version


def locked(session: Session, version_id: str) -> Version:
    """The version; nobody else gets past here before this transaction ends. Raises ArtifactNotFound."""
    session.execute(update(Version).where(Version.id == version_id).values(files=Version.files))
    return get(session, version_id, None)


def commit(session: Session, version: Version, contents: Mapping[str, Mapping[str, Any]], digest_of: Blob) -> Version:
    """The version with its number, its files as the manifest has them and its aliases. Again: the same. Raises NotWhole."""
    collections.lock(session, version.collection)
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
    version.number = version.collection.versions
    version.collection.versions += 1
    version.manifest_sha256 = digest_of.sha256
    version.files, version.size_bytes = len(contents), sum(int(entry.get("size") or 0) for entry in contents.values())
    session.flush()
    version_aliases.move(session, version.collection, version, version.aliases)
    collections.touch(session, version.collection)
    return version


def _fill(session: Session, version: Version, file: VersionFile, entry: Mapping[str, Any]) -> None:
    digest = str(entry["digest"])[:128]
    if entry.get("ref") is not None and not str(entry["ref"]).startswith("wandb-artifact://_"):
        file.md5, file.reference = digest, {"ref": entry["ref"], "extra": entry.get("extra") or {}}
        file.size_bytes, file.sha256 = int(entry.get("size") or 0), None
        return
    if file.sha256 is None or file.md5 != digest:
        held = version_bytes.known(session, version.collection.project_id, digest)
        if held is None:
            raise NotWhole(f"The manifest names the file {file.name!r} with the MD5 {digest}, which was not uploaded.")
        file.sha256, file.size_bytes = held.sha256, held.size_bytes
    if entry.get("size") not in (None, file.size_bytes):
        raise NotWhole(f"The manifest says that the file {file.name!r} has {entry['size']:,} bytes; what was uploaded has {file.size_bytes:,}.")
    file.md5 = digest


def files(session: Session, version: Version, names: Sequence[str] | None, after: str, limit: int) -> list[VersionFile]:
    """Those that are here, and references, by name."""
    query = (
        select(VersionFile).where(VersionFile.version_id == version.id, VersionFile.name > after, _there()).order_by(VersionFile.name).limit(limit)
    )
    return list(session.scalars(query if names is None else query.where(VersionFile.name.in_(names))))


def count_files(session: Session, version: Version) -> int:
    return session.scalar(select(func.count()).select_from(VersionFile).where(VersionFile.version_id == version.id, _there())) or 0


def _there() -> ColumnElement[bool]:
    return or_(VersionFile.sha256.is_not(None), VersionFile.reference.is_not(None))


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


def visible_makers(session: Session, found: Sequence[Version], entity: str | None) -> set[str]:
    """Ids of the runs that logged them, those that are there for the entity."""
    makers = session.scalars(select(Run).where(Run.id.in_({version.logged_by for version in found if version.logged_by})))
    return {run.id for run in makers if runs.may_see(run, entity)}


def drop(session: Session, version: Version) -> None:
    """The version is gone, also where it was linked; bytes that are nobody's now, the keeper removes. The next newest becomes the latest."""
    which = VersionAlias.version_id == version.id, VersionAlias.alias == LATEST
    led = list(session.scalars(select(Collection).join(VersionAlias, VersionAlias.collection_id == Collection.id).where(*which)))
    version_bytes.loosen_of(session, version.id)
    session.execute(delete(Version).where(Version.id == version.id))
    for collection in led:
        memberships.give_latest(session, collection)


def called(session: Session, client_id: str, entity: str | None, of: Collection | None = None) -> Version | None:
    """The newest version that a client called so, of a collection or of any, and that is not another entity's."""
    query = select(Version).join(VersionClient).join(Collection).join(Project).where(VersionClient.client_id == client_id)
    if entity is not None:
        query = query.where(Project.entity == entity)
    if of is not None:
        query = query.where(Collection.id == of.id)
    return session.scalars(query.order_by(Version.created_at.desc()).limit(1)).one_or_none()


def call(session: Session, version: Version, client_id: str) -> None:
    session.execute(insert_into(session, VersionClient).values(client_id=client_id, version_id=version.id).on_conflict_do_nothing())


def is_there_an_old_draft(session: Session, older_than_s: float) -> bool:
    return session.scalar(select(Version.id).where(Version.number.is_(None), Version.updated_at < now() - older_than_s).limit(1)) is not None


def old_drafts(session: Session, older_than_s: float, limit: int) -> list[Version]:
    """Drafts that nothing was put to for so long."""
    query = select(Version).where(Version.number.is_(None), Version.updated_at < now() - older_than_s).order_by(Version.updated_at).limit(limit)
    return list(session.scalars(query))


def drop_draft(session: Session, version_id: str, older_than_s: float) -> None:
    """The draft is gone, unless it was committed or something was put to it meanwhile."""
    version = session.get(Version, version_id, with_for_update={"of": Version})
    if version is not None and version.number is None and version.updated_at < (session.scalar(select(now())) or 0.0) - older_than_s:
        drop(session, version)
        collections.drop_empty(session, version.collection_id)
