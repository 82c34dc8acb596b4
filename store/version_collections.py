"""Collections of versions: found, made, listed, renamed, moved to another type, tagged, deleted."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from store.database import insert_into, now
from store.errors import ArtifactNotFound, Conflict
from store.ids import new_id
from store.tables import Collection, Project, Version, VersionAlias
from store.version_bytes import loosen_of

VERSIONS_AT_ONCE = 200


def find(session: Session, project: Project, name: str) -> Collection | None:
    return session.scalars(select(Collection).where(Collection.project_id == project.id, Collection.name == name)).one_or_none()


def get(session: Session, collection_id: str, entity: str | None) -> Collection:
    """Raises ArtifactNotFound, also when it belongs to another entity than the one given."""
    found = session.get(Collection, collection_id)
    if found is None or entity not in (None, found.project.entity):
        raise ArtifactNotFound(collection_id)
    return found


def find_or_add(session: Session, project: Project, name: str, kind: str, *, linked: bool = False) -> Collection:
    """The collection, made when there is none. Raises Conflict for one of another type, or that is linked where this is to have its own versions."""
    row = {"id": new_id(), "project_id": project.id, "type": kind, "name": name, "description": "", "versions": 0, "created_at": now()}
    session.execute(insert_into(session, Collection).values(**row, linked=linked).on_conflict_do_nothing())
    found = session.scalars(select(Collection).where(Collection.project_id == project.id, Collection.name == name)).one()
    if found.type != kind:
        raise Conflict(f"Artifact {name} of project {project.path} has the type {found.type!r}; got {kind!r}.")
    if found.linked != linked:
        what = "holds versions of others, which are linked to it" if found.linked else "has versions of its own; nothing can be linked to it"
        raise Conflict(f"Collection {name} of project {project.path} {what}. Choose another name.")
    return found


def kinds(session: Session, project: Project, after: str, limit: int) -> list[tuple[str, float]]:
    """The types that the project's collections have, by name behind `after`, and since when there is one of them."""
    query = select(Collection.type, func.min(Collection.created_at)).where(Collection.project_id == project.id, Collection.type > after)
    return [(name, since) for name, since in session.execute(query.group_by(Collection.type).order_by(Collection.type).limit(limit))]


def kind(session: Session, project: Project, name: str) -> tuple[str, float] | None:
    query = select(func.min(Collection.created_at)).where(Collection.project_id == project.id, Collection.type == name)
    since = session.scalar(query)
    return None if since is None else (name, since)


def of_projects(session: Session, project_ids: Sequence[str], limit: int, *, kind: str | None = None, linked: bool | None = None) -> list[Collection]:
    """Of these projects, newest first."""
    query = select(Collection).where(Collection.project_id.in_(project_ids)).order_by(Collection.created_at.desc(), Collection.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(Collection.type == kind)
    if linked is not None:
        query = query.where(Collection.linked == linked)
    return list(session.scalars(query))


def aliases(session: Session, collection: Collection, after: str, limit: int) -> list[str]:
    query = select(VersionAlias.alias).where(VersionAlias.collection_id == collection.id, VersionAlias.alias > after)
    return list(session.scalars(query.order_by(VersionAlias.alias).limit(limit)))


def touch(session: Session, collection: Collection) -> None:
    collection.updated_at = session.scalar(select(now()))


def rename(session: Session, collection: Collection, name: str) -> None:
    """Raises Conflict when another one of the project has the name."""
    other = session.scalar(select(Collection.id).where(Collection.project_id == collection.project_id, Collection.name == name))
    if other not in (None, collection.id):
        raise Conflict(f"Project {collection.project.path} has a collection {name!r} already.")
    collection.name = name
    touch(session, collection)


def drop_some(session: Session, collection: Collection) -> bool:
    """Whether the collection is gone with its aliases and versions. Many versions take several calls, each a short transaction."""
    ids = list(session.scalars(select(Version.id).where(Version.collection_id == collection.id).limit(VERSIONS_AT_ONCE)))
    for version_id in ids:
        loosen_of(session, version_id)
    session.execute(delete(Version).where(Version.id.in_(ids)))
    if len(ids) == VERSIONS_AT_ONCE:
        return False
    session.execute(delete(Collection).where(Collection.id == collection.id))
    return True


def drop_empty(session: Session, collection_id: str) -> None:
    """The collection is gone if it never had a version, and nobody is about to give it one."""
    drafts = select(Version.id).where(Version.collection_id == collection_id)
    never = delete(Collection).where(Collection.id == collection_id, Collection.versions == 0, ~Collection.linked, ~drafts.exists())
    session.execute(never, execution_options={"synchronize_session": False})


def lock(session: Session, collection: Collection) -> None:
    """Nobody else gives out the collection's numbers before this transaction ends."""
    session.execute(update(Collection).where(Collection.id == collection.id).values(versions=Collection.versions))
    session.refresh(collection)
