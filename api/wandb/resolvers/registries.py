"""Registries: projects of an entity whose names begin with `wandb-registry-`, with collections that versions of other projects are linked to."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from api.problems import InvalidValue, Problem
from api.services import names
from api.wandb.asking import Asking
from api.wandb.at_hand import MOST, Listing
from api.wandb.ids import number, opaque, own
from api.wandb.resolvers import collections as shelves
from api.wandb.resolvers import versions as places
from api.wandb.resolvers.collections import kinds, must_be_names
from api.wandb.times import moment
from store import memberships, projects
from store import version_collections as collections
from store.errors import ProjectNotFound
from store.memberships import Membership
from store.tables import Project

PREFIX = "wandb-registry-"
ACCESS = ("PRIVATE", "RESTRICTED")
MOST_TYPES, MOST_REGISTRIES = 100, 1000


def settings(project: Project) -> dict[str, Any]:
    return {"description": "", "access": "PRIVATE", "all_types": True, "types": [], **(project.as_registry or {})}


def value(project: Project, name: str) -> Any:
    held: dict[str, Callable[[], Any]] = {
        "id": lambda: number(project.id),
        "name": lambda: project.name,
        "entity_id": lambda: opaque("Entity", project.entity),
        "description": lambda: settings(project)["description"],
        "created_at": lambda: moment(project.created_at),
        "updated_at": lambda: moment(settings(project).get("updated_at", project.created_at)),
        "since": lambda: project.created_at,
    }
    return held[name.partition(".")[0]]()


FILTERS = {name: name for name in ("id", "name", "entity_id", "description", "created_at", "updated_at")}
ORDERS = {"name": "name", "created_at": "since", "updated_at": "updated_at"}
LISTING: Listing[Project] = Listing(FILTERS, ORDERS, lambda project: project.id, value)


def of_entity(entity: dict[str, Any], asking: Asking, filters: str | None) -> list[Project]:
    if not asking.caller.may_see(entity["name"]):
        return []
    return LISTING.matching(projects.with_prefix(asking.session, entity["name"], PREFIX, MOST_REGISTRIES), filters)


def page(entity: dict[str, Any], asking: Asking, **asked: Any) -> dict[str, Any]:
    listed = LISTING.page(of_entity(entity, asking, asked.get("filters")), f"registries {entity['name']}", asked, "name")
    return {**listed, "edges": [{**edge, "node": edge["_thing"]} for edge in listed["edges"]]}


def page_of_collections(entity: dict[str, Any], asking: Asking, **asked: Any) -> dict[str, Any]:
    """Linked ones, unless others are asked for, too."""
    ids = [project.id for project in of_entity(entity, asking, asked.get("projectFilters"))]
    linked = None if "SEQUENCE" in (asked.get("collectionTypes") or ()) else True
    return shelves.page(asking, ids, f"collections of {entity['name']} {asked.get('projectFilters')}", asked, linked=linked)


def page_of_versions(entity: dict[str, Any], asking: Asking, **asked: Any) -> dict[str, Any]:
    """What is linked to the registries' collections, newest first; of at most 10,000."""
    ids = [project.id for project in of_entity(entity, asking, asked.get("projectFilters"))]
    wanted = shelves.LISTING.matching(collections.of_projects(asking.session, ids, MOST, linked=True), asked.get("collectionFilters"))
    held: list[Membership] = []
    for collection in wanted:
        held += memberships.newest_first(asking.session, collection, 1 << 62, MOST - len(held))
        if len(held) >= MOST:
            break
    listing = places.listing(asking)
    of = f"versions of {entity['name']} {asked.get('projectFilters')} {asked.get('collectionFilters')}"
    listed = listing.page(listing.matching(held, asked.get("filters")), of, asked, "-linked_at")
    return {**listed, "edges": [{**edge, "node": places.membership_shown(edge["_thing"], asking)} for edge in listed["edges"]]}


def project_of(entity: dict[str, Any], asking: Asking, name: str | None = None) -> Project | None:
    try:
        return asking.project(entity["name"], name)
    except ProjectNotFound:
        return None


def change(session: Session, project: Project, input: dict[str, Any]) -> None:
    """What the SDK says of a registry; types that it takes are added, and never taken away. Raises InvalidValue."""
    held = settings(project)
    if input.get("description") is not None:
        held["description"] = _short(input["description"])
    if input.get("access") is not None:
        if input["access"] not in ACCESS:
            raise InvalidValue("/access", f"takes {' or '.join(ACCESS)}; got {input['access'][:40]!r}")
        held["access"] = input["access"]
    if input.get("allowAllArtifactTypesInRegistry") is not None:
        held["all_types"] = input["allowAllArtifactTypesInRegistry"]
    given = [one["name"] for one in input.get("artifactTypes") or []]
    for name in given:
        must_be_names(type=name)
    held["types"] = list(dict.fromkeys([*held["types"], *given]))
    if len(held["types"]) > MOST_TYPES:
        raise InvalidValue("/artifactTypes", f"a registry takes at most {MOST_TYPES} types")
    project.as_registry = {**held, "updated_at": projects.moment(session)}


def _short(text: str) -> str:
    if len(text) > shelves.LONGEST_DESCRIPTION:
        raise InvalidValue("/description", f"takes at most {shelves.LONGEST_DESCRIPTION:,} characters; got {len(text):,}")
    return text


def rename(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """Registries alone: other projects keep their names, which runs elsewhere refer to."""
    old, new, entity = input["oldProjectName"], input["newProjectName"], input["entityName"]
    if not old.startswith(PREFIX) or not new.startswith(PREFIX):
        raise InvalidValue("/newProjectName", f"registries alone can be renamed: both names begin with {PREFIX}")
    with asking.writing() as session:
        project = names.get(session, asking.caller, entity, old)
        names.usable(asking.caller, asking.parts.settings, f"{entity}/{new}")
        projects.rename(session, project, new)
    return {"inserted": False, "project": project, "model": project}


def delete(_parent: Any, asking: Asking, input: dict[str, Any]) -> dict[str, Any]:
    """A registry with its collections; what is linked to them stays where it was logged. Raises Problem 409 for other projects."""
    with asking.writing() as session:
        project = projects.by_ids(session, [own("Project", input["id"])]).get(own("Project", input["id"]))
        if project is None or not asking.caller.may_see(project.entity):
            raise ProjectNotFound(input["id"][:80])
        if not project.name.startswith(PREFIX):
            raise Problem(409, f"Project {project.path} is no registry; delete its runs, and it is empty.")
        held = collections.of_projects(session, [project.id], MOST)
    for collection in held:
        shelves.drop(asking, collection)
    with asking.writing() as session:
        projects.drop(session, project)
    return {"success": True}


def types(project: Project, asking: Asking, **asked: Any) -> dict[str, Any]:
    """Those that its collections have, and those that a registry was told to take."""
    found = kinds(project, asking, **asked)
    there = {edge["node"]["name"] for edge in found["edges"]}
    told = [name for name in settings(project)["types"] if asked.get("includeAll") and name not in there]
    extra = [{"node": shelves.kind(project, name, project.created_at), "cursor": opaque("After", name)} for name in told]
    return {**found, "edges": [*found["edges"], *extra]}


FIELDS = {
    "Entity.project": project_of,
    "Entity.projects": page,
    "Entity.artifactCollections": page_of_collections,
    "Entity.artifactMemberships": page_of_versions,
    "Project.artifactTypes": types,
    "Project.description": lambda project, _asking: settings(project)["description"],
    "Project.access": lambda project, _asking: settings(project)["access"],
    "Project.updatedAt": lambda project, _asking: moment(settings(project).get("updated_at", project.created_at)),
    "Project.allowAllArtifactTypesInRegistry": lambda project, _asking: settings(project)["all_types"],
    "Mutation.renameProject": rename,
    "Mutation.deleteModel": delete,
}
