"""Versions linked to other collections, such as those of a registry, and aliases in the collection that they are meant for."""

from typing import Any

from sqlalchemy.orm import Session

from api.problems import InvalidValue
from api.services import names
from api.wandb.asking import Asking
from api.wandb.ids import opaque, own
from api.wandb.resolvers.collections import must_be_names, read
from api.wandb.resolvers.versions import aliases_given, membership_shown
from store import memberships, version_aliases, versions
from store import version_collections as collections
from store.errors import ArtifactNotFound
from store.tables import Collection, Version


def link(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Raises ArtifactNotFound, Conflict for a collection of another type or with versions of its own."""
    wanted = aliases_given(input)
    with asking.writing() as session:
        version = _version(session, asking, input)
        found = memberships.link(session, _target(session, asking, input, version), version, wanted)
    return {"versionIndex": found.number, "artifactMembership": membership_shown(found, asking)}


def _version(session: Session, asking: Asking, input: dict[str, Any]) -> Version:
    if input.get("artifactID"):
        return versions.get(session, own("Artifact", input["artifactID"]), asking.caller.entity)
    found = versions.called(session, input.get("clientID") or "", asking.caller.entity)
    if found is None:
        raise ArtifactNotFound(str(input.get("clientID"))[:80])
    return found


def _target(session: Session, asking: Asking, input: dict[str, Any], version: Version) -> Collection:
    if input.get("artifactPortfolioID"):
        return read(session, asking, input["artifactPortfolioID"], True)
    name, path = input.get("artifactPortfolioName") or "", asking.project_path(input.get("entityName"), input.get("projectName"))
    must_be_names(name=name)
    project = names.find_or_add(session, asking.caller, asking.parts.settings, "/".join(path))
    allowed = (project.as_registry or {}).get("types")
    if allowed and not (project.as_registry or {}).get("all_types", True) and version.collection.type not in allowed:
        raise InvalidValue("/artifactID", f"{project.name} takes artifacts of the types {', '.join(allowed)}; got {version.collection.type!r}")
    return collections.find_or_add(session, project, name, version.collection.type, linked=True)


def unlink(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        version = versions.get(session, own("Artifact", input["artifactID"]), asking.caller.entity)
        memberships.unlink(session, read(session, asking, input["artifactPortfolioID"], True), version)
    return {"success": True}


def add_aliases(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    aliases_given(input)
    with asking.writing() as session:
        for collection, version, alias in _meant(session, asking, input):
            version_aliases.move(session, collection, version, [alias])
    return {"success": True}


def delete_aliases(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    with asking.writing() as session:
        for collection, version, alias in _meant(session, asking, input):
            version_aliases.drop(session, collection, version, [alias])
    return {"success": True}


def _meant(session: Session, asking: Asking, input: dict[str, Any]) -> list[tuple[Collection, Version, str]]:
    """Each alias with the collection it is for. Raises ArtifactNotFound for one that the version does not stand in."""
    version = versions.get(session, own("Artifact", input["artifactID"]), asking.caller.entity)
    found = []
    for given in input["aliases"]:
        collection = _named(session, asking, given) or version.collection
        if memberships.of_version(session, collection, version) is None:
            raise ArtifactNotFound(f"{version.id} in {collection.name}")
        found.append((collection, version, given.get("alias") or ""))
    return found


def _named(session: Session, asking: Asking, given: dict[str, Any]) -> Collection | None:
    name, project = given.get("artifactCollectionName"), given.get("projectName")
    if not name or not project:
        return None
    path = asking.project_path(given.get("entityName"), project)
    found = collections.find(session, names.get(session, asking.caller, *path), name)
    if found is None:
        raise ArtifactNotFound(name[:80])
    return found


def everywhere(version: Version, asking: Asking, **_asked: Any) -> dict[str, Any]:
    found = [place for place in memberships.everywhere(asking.session, version) if asking.caller.may_see(place.collection.project.entity)]
    edges = [{"node": membership_shown(place, asking), "cursor": opaque("After", place.collection.id)} for place in found]
    return {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False, "hasPreviousPage": False}, "totalCount": len(edges)}


def client_id(_parent: Any, asking: Asking, clientID: str) -> dict[str, Any] | None:
    found = versions.called(asking.session, clientID[:128], asking.caller.entity)
    return None if found is None else {"serverID": opaque("Artifact", found.id)}


FIELDS = {
    "Query.clientIDMapping": client_id,
    "Artifact.artifactMemberships": everywhere,
    "Mutation.linkArtifact": link,
    "Mutation.unlinkArtifact": unlink,
    "Mutation.addAliases": add_aliases,
    "Mutation.deleteAliases": delete_aliases,
}
