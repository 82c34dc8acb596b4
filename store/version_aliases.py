"""Names that stand for one version of a collection at a time."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.orm import Session

from store.database import insert_into
from store.tables import Collection, Version, VersionAlias

LATEST = "latest"


def move(session: Session, collection: Collection, version: Version, aliases: Sequence[str]) -> None:
    """These stand for the version from now on, wherever they stood before in the collection."""
    for alias in dict.fromkeys(aliases):
        row = {"collection_id": collection.id, "alias": alias, "version_id": version.id}
        made = insert_into(session, VersionAlias).values(row)
        session.execute(made.on_conflict_do_update(index_elements=["collection_id", "alias"], set_={"version_id": version.id}))


def drop(session: Session, collection: Collection, version: Version, aliases: Sequence[str]) -> None:
    """Those of them that stand for this version."""
    mine = (VersionAlias.collection_id == collection.id, VersionAlias.version_id == version.id)
    session.execute(delete(VersionAlias).where(*mine, VersionAlias.alias.in_(aliases)))
