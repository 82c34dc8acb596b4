"""Collections of artifacts and their types as the SDK reads and edits them."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from api.problems import InvalidValue
from api.services import names
from api.wandb.asking import Asking
from api.wandb.at_hand import MOST, Listing
from api.wandb.ids import is_of, opaque, own
from api.wandb.resolvers.versions import aliases_shown, artifacts, membership_shown, tags_given
from api.wandb.times import moment
from store import memberships
from store import version_collections as collections
from store.errors import ArtifactNotFound
from store.tables import Collection, Project

NAME = re.compile(r"[A-Za-z0-9_.\- ]{1,128}")
SEQUENCE, PORTFOLIO = "ArtifactSequence", "ArtifactPortfolio"
LONGEST_DESCRIPTION, MOST_TAGS = 100_000, 100


def must_be_names(**given: str) -> None:
    """Raises InvalidValue."""
    for what, value in given.items():
        if not NAME.fullmatch(value):
            raise InvalidValue(f"/{what}", f"an artifact's name and type take 1 to 128 letters, digits, spaces, _ . and -; got {value[:80]!r}")


def kind(project: Project, name: str, since: float) -> dict[str, Any]:
    own_id = opaque("ArtifactType", f"{project.id}/{name}")
    return {"id": own_id, "name": name, "description": None, "createdAt": moment(since), "_project": project}


def kind_of_project(project: Project, asking: Asking, name: str) -> dict[str, Any] | None:
    found = collections.kind(asking.session, project, name)
    return None if found is None else kind(project, *found)


def kinds(project: Project, asking: Asking, **asked: Any) -> dict[str, Any]:
    limit = min(max(asked.get("first") or 50, 1), 1000)
    after = own("After", asked["after"]) if asked.get("after") else ""
    found = collections.kinds(asking.session, project, after, limit + 1)
    edges = [{"node": kind(project, *each), "cursor": opaque("After", each[0])} for each in found[:limit]]
    page = {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(found) > limit, "hasPreviousPage": bool(after)}
    return {"edges": edges, "pageInfo": page, "totalCount": len(found)}


def of_kind(parent: dict[str, Any], asking: Asking, name: str) -> Collection | None:
    found = collections.find(asking.session, parent["_project"], name)
    return found if found is not None and found.type == parent["name"] else None


def value(collection: Collection, name: str) -> Any:
    """What a filter or an order finds under a name."""
    held: dict[str, Callable[[], Any]] = {
        "id": lambda: opaque(typename(collection), collection.id),
        "name": lambda: collection.name,
        "description": lambda: collection.description,
        "created_at": lambda: moment(collection.created_at),
        "updated_at": lambda: moment(collection.updated_at or collection.created_at),
        "since": lambda: collection.created_at,
        "state": lambda: "READY",
        "tag": lambda: list(collection.tags or []),
        "type": lambda: collection.type,
    }
    return held[name.partition(".")[0]]()


FILTERS = {
    **{name: name for name in ("id", "name", "description", "created_at", "updated_at", "state", "tag", "type")},
    **{"createdAt": "created_at", "updatedAt": "updated_at", "tags": "tag", "collection_id": "id", "artifact_collection_id": "id"},
}
ORDERS = {"name": "name", "created_at": "since", "createdAt": "since", "updated_at": "updated_at", "updatedAt": "updated_at", "id": "since"}
LISTING: Listing[Collection] = Listing(FILTERS, ORDERS, lambda collection: collection.id, value)


def page(asking: Asking, project_ids: list[str], of: str, asked: dict[str, Any], **which: Any) -> dict[str, Any]:
    found = LISTING.matching(collections.of_projects(asking.session, project_ids, MOST, **which), asked.get("filters"))
    listed = LISTING.page(found, of, asked, "-created_at")
    return {**listed, "edges": [{**edge, "node": edge["_thing"]} for edge in listed["edges"]]}


def of_project(project: Project, asking: Asking, **asked: Any) -> dict[str, Any]:
    return page(asking, [project.id], f"collections {project.id}", asked)


def all_of_kind(parent: dict[str, Any], asking: Asking, **asked: Any) -> dict[str, Any]:
    project = parent["_project"]
    return page(asking, [project.id], f"collections {project.id} {parent['name']}", asked, kind=parent["name"])


def typename(collection: Collection) -> str:
    return PORTFOLIO if collection.linked else SEQUENCE


def read(session: Session, asking: Asking, text: str, linked: bool) -> Collection:
    """Raises ArtifactNotFound."""
    found = collections.get(session, own(PORTFOLIO if linked else SEQUENCE, text), asking.caller.entity)
    if found.linked != linked:
        raise ArtifactNotFound(text[:80])
    return found


def of_id(_parent: Any, asking: Asking, id: str) -> Collection:
    return read(asking.session, asking, id, is_of(PORTFOLIO, id))


def change(asking: Asking, input: dict[str, Any], linked: bool) -> dict[str, Any]:
    with asking.writing() as session:
        collection = read(session, asking, input["artifactPortfolioID" if linked else "artifactSequenceID"], linked)
        if input.get("name") is not None and input["name"] != collection.name:
            must_be_names(name=input["name"])
            collections.rename(session, collection, input["name"])
        if "description" in input:
            text = input["description"] or ""
            if len(text) > LONGEST_DESCRIPTION:
                raise InvalidValue("/description", f"takes at most {LONGEST_DESCRIPTION:,} characters; got {len(text):,}")
            collection.description = text
            collections.touch(session, collection)
    return {"artifactCollection": collection}


def move(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    must_be_names(type=input["destinationArtifactTypeName"])
    with asking.writing() as session:
        collection = read(session, asking, input["artifactSequenceID"], False)
        collection.type = input["destinationArtifactTypeName"]
        collections.touch(session, collection)
    return {"artifactCollection": collection}


def delete(asking: Asking, text: str, linked: bool) -> dict[str, Any]:
    """Versions that were linked there stay; those that were logged there go, wherever they are linked."""
    with asking.writing() as session:
        collection = read(session, asking, text, linked)
    drop(asking, collection)
    return {"artifactCollection": {"__typename": typename(collection), "state": "DELETED"}}


def drop(asking: Asking, collection: Collection) -> None:
    gone = False
    while not gone:
        with asking.writing() as session:
            gone = collections.drop_some(session, collection)


def tag(asking: Asking, input: dict[str, Any], *, add: bool) -> Collection:
    path, given = asking.project_path(input.get("entityName"), input.get("projectName")), tags_given(input.get("tags"))
    with asking.writing() as session:
        collection = collections.find(session, names.get(session, asking.caller, *path), input["artifactCollectionName"])
        if collection is None:
            raise ArtifactNotFound(input["artifactCollectionName"][:80])
        held = list(collection.tags or [])
        collection.tags = list(dict.fromkeys([*held, *given])) if add else [one for one in held if one not in given]
        if len(collection.tags) > MOST_TAGS:
            raise InvalidValue("/tags", f"a collection takes at most {MOST_TAGS} tags")
        collections.touch(session, collection)
    return collection


def tags_shown(tags: list[str]) -> list[dict[str, Any]]:
    return [{"id": opaque("Tag", one), "name": one} for one in tags]


def aliases(collection: Collection, asking: Asking, **asked: Any) -> dict[str, Any]:
    limit = min(max(asked.get("first") or 1000, 1), 1000)
    after = own("After", asked["after"]) if asked.get("after") else ""
    found = collections.aliases(asking.session, collection, after, limit + 1)
    edges = [{"node": shown, "cursor": opaque("After", shown["alias"])} for shown in aliases_shown(collection, found[:limit])]
    page = {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": len(found) > limit, "hasPreviousPage": bool(after)}
    return {"edges": edges, "pageInfo": page}


def _member(collection: Collection, asking: Asking, aliasName: str | None = None) -> dict[str, Any] | None:
    return membership_shown(memberships.of_alias(asking.session, collection, aliasName or "latest"), asking)


OF_BOTH = {
    "id": lambda collection, _asking: opaque(typename(collection), collection.id),
    "description": lambda collection, _asking: collection.description or None,  # older SDKs take no empty one
    "createdAt": lambda collection, _asking: moment(collection.created_at),
    "updatedAt": lambda collection, _asking: moment(collection.updated_at or collection.created_at),
    "defaultArtifactType": lambda collection, _asking: kind(collection.project, collection.type, collection.created_at),
    "tags": lambda collection, _asking: {"edges": [{"node": shown} for shown in tags_shown(collection.tags or [])]},
    "aliases": aliases,
    "artifacts": artifacts,
    "artifactMembership": _member,
}
KINDS = {"ArtifactCollection": lambda value: value["__typename"] if isinstance(value, dict) else typename(value)}
FIELDS = {
    **{f"{kind}.{field}": resolver for kind in (SEQUENCE, PORTFOLIO) for field, resolver in OF_BOTH.items()},
    **{f"{kind}.state": lambda value, _asking: value["state"] if isinstance(value, dict) else "READY" for kind in (SEQUENCE, PORTFOLIO)},
    "ArtifactSequence.latestArtifact": lambda collection, asking: next(
        (found.version for found in memberships.newest_first(asking.session, collection, 1 << 62, 1)), None
    ),
    "ArtifactType.artifactCollection": of_kind,
    "ArtifactType.artifactCollections": all_of_kind,
    "Project.artifactType": kind_of_project,
    "Project.artifactCollection": lambda project, asking, name: collections.find(asking.session, project, name),
    "Project.artifactCollections": of_project,
    "Project.artifactCollectionMembership": lambda project, asking, name: membership_shown(memberships.named(asking.session, project, name), asking),
    "Query.artifactCollection": of_id,
    "Mutation.updateArtifactSequence": lambda _parent, asking, input: change(asking, input, False),
    "Mutation.updateArtifactPortfolio": lambda _parent, asking, input: change(asking, input, True),
    "Mutation.moveArtifactSequence": move,
    "Mutation.deleteArtifactSequence": lambda _parent, asking, input: delete(asking, input["artifactSequenceID"], False),
    "Mutation.deleteArtifactPortfolio": lambda _parent, asking, input: delete(asking, input["artifactPortfolioID"], True),
    "Mutation.createArtifactCollectionTagAssignments": lambda _parent, asking, input: {"tags": tags_shown(tag(asking, input, add=True).tags or [])},
    "Mutation.deleteArtifactCollectionTagAssignments": lambda _parent, asking, input: {"success": bool(tag(asking, input, add=False))},
}
