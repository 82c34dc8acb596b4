"""Where a version stands: in the collection that it was logged to, and in those that it is linked to, with a number and aliases in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from store import version_collections as collections
from store.database import insert_into, now
from store.errors import Conflict
from store.tables import Collection, Project, Version, VersionAlias, VersionLink
from store.version_aliases import LATEST, move

MOST = 1000


@dataclass(frozen=True)
class Membership:
    """A version's place in a collection, since when (Unix time), and what number it has there."""

    collection: Collection
    version: Version
    number: int
    since: float

    @classmethod
    def own(cls, version: Version) -> "Membership | None":
        """In the collection that it was logged to; None for a draft, which is nowhere yet."""
        return None if version.number is None else cls(version.collection, version, version.number, version.created_at)


def named(session: Session, project: Project, text: str) -> Membership | None:
    """By `name:alias`, `name:v3` or `name:digest`; a bare name is its latest."""
    name, _, alias = text.partition(":")
    found = collections.find(session, project, name.rpartition("/")[2])
    return None if found is None else of_alias(session, found, alias or LATEST)


def of_alias(session: Session, collection: Collection, alias: str) -> Membership | None:
    """An alias that someone gave comes before a version's number, that before its digest."""
    held = session.get(VersionAlias, (collection.id, alias))
    if held is not None:
        return of_version(session, collection, session.get_one(Version, held.version_id))
    if alias[:1] == "v" and alias[1:].isdecimal() and len(alias) < 12:
        found = _read(session, collection, _all(collection).where(_number(collection) == int(alias[1:])))
    else:
        found = _read(session, collection, _all(collection).where(Version.digest == alias).order_by(_number(collection).desc()).limit(1))
    return found[0] if found else None


def of_version(session: Session, collection: Collection, version: Version) -> Membership | None:
    if not collection.linked:
        return Membership.own(version) if version.collection_id == collection.id else None
    found = _read(session, collection, _all(collection).where(Version.id == version.id))
    return found[0] if found else None


def everywhere(session: Session, version: Version) -> list[Membership]:
    """Its own collection first, then the linked ones by when it was linked; at most a thousand."""
    own = Membership.own(version)
    links = select(VersionLink, Collection).join(Collection, Collection.id == VersionLink.collection_id).where(VersionLink.version_id == version.id)
    linked = session.execute(links.order_by(VersionLink.created_at, VersionLink.collection_id).limit(MOST))
    return [*([own] if own else []), *(Membership(collection, version, link.number, link.created_at) for link, collection in linked)]


def newest_first(session: Session, collection: Collection, below: int, limit: int) -> list[Membership]:
    """Those with a number below `below`, from the highest."""
    query = _all(collection).where(_number(collection) < below).order_by(_number(collection).desc()).limit(limit)
    return _read(session, collection, query)


def oldest_first(session: Session, collection: Collection, above: int, limit: int) -> list[Membership]:
    query = _all(collection).where(_number(collection) > above).order_by(_number(collection)).limit(limit)
    return _read(session, collection, query)


def count(session: Session, collection: Collection) -> int:
    return session.scalar(select(func.count()).select_from(_all(collection).subquery())) or 0


def aliases(session: Session, membership: Membership) -> list[str]:
    which = VersionAlias.collection_id == membership.collection.id, VersionAlias.version_id == membership.version.id
    return list(session.scalars(select(VersionAlias.alias).where(*which).order_by(VersionAlias.alias)))


def link(session: Session, collection: Collection, version: Version, names: Sequence[str]) -> Membership:
    """The version's place in a linked collection, a new one when it has none; it is the latest there, and has these aliases. Raises Conflict."""
    if not collection.linked:
        raise Conflict(f"{collection.name} of project {collection.project.path} has versions of its own; nothing can be linked to it.")
    if version.number is None:
        raise Conflict(f"A version of {version.collection.name} that is not committed yet cannot be linked.")
    if collection.type != version.collection.type:
        raise Conflict(
            f"{collection.name} takes artifacts of the type {collection.type!r}; {version.collection.name} has {version.collection.type!r}."
        )
    collections.lock(session, collection)
    if session.get(VersionLink, (collection.id, version.id)) is None:
        row = {"collection_id": collection.id, "version_id": version.id, "number": collection.versions, "created_at": now()}
        session.execute(insert_into(session, VersionLink).values(row))
        collection.versions += 1
    move(session, collection, version, [*names, LATEST])
    collections.touch(session, collection)
    found = of_version(session, collection, version)
    assert found is not None
    return found


def unlink(session: Session, collection: Collection, version: Version) -> None:
    """The version stays where it was logged; its aliases in the linked collection go. Nothing happens when it does not stand there."""
    which = VersionAlias.collection_id == collection.id, VersionAlias.version_id == version.id
    was_latest = session.scalar(select(VersionAlias.alias).where(*which, VersionAlias.alias == LATEST)) is not None
    session.execute(delete(VersionAlias).where(*which))
    session.execute(delete(VersionLink).where(VersionLink.collection_id == collection.id, VersionLink.version_id == version.id))
    if was_latest:
        give_latest(session, collection)
    collections.touch(session, collection)


def give_latest(session: Session, collection: Collection) -> None:
    """The newest version that is left is the latest."""
    newest = newest_first(session, collection, 1 << 62, 1)
    if newest:
        move(session, collection, newest[0].version, [LATEST])


def _number(collection: Collection) -> InstrumentedAttribute[Any]:
    return VersionLink.number if collection.linked else Version.number


def _all(collection: Collection) -> Any:
    if not collection.linked:
        query = select(Version, Version.number, Version.created_at)
        return query.where(Version.collection_id == collection.id, Version.number.is_not(None))
    links = select(Version, VersionLink.number, VersionLink.created_at).join(VersionLink, VersionLink.version_id == Version.id)
    return links.where(VersionLink.collection_id == collection.id)


def _read(session: Session, collection: Collection, query: Any) -> list[Membership]:
    return [Membership(collection, version, number, since) for version, number, since in session.execute(query)]
