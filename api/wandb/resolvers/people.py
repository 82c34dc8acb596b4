"""Users, teams and organizations: a key is a user, an entity is a team, and each is an organization of its own."""

from typing import Any

from api.wandb.asking import Asking
from api.wandb.ids import opaque
from api.wandb.resolvers import viewer
from store import keys, projects
from store.errors import KeyNotFound
from store.tables import Key

MOST = 1000


def known(asking: Asking, entity: str | None) -> list[Key]:
    """The keys of an entity, or of all: an admin sees them, anybody else itself."""
    if asking.caller.role == "admin":
        found = keys.page(asking.session, entity=asking.caller.entity, after=None, limit=MOST)
    else:
        try:
            found = [keys.get(asking.session, asking.caller.key_id)]
        except KeyNotFound:  # it was revoked within the last half second
            found = []
    return [key for key in found if entity is None or key.entity in (None, entity)]


def users(_parent: Any, asking: Asking, query: str | None = None, first: int | None = None, after: str | None = None) -> dict[str, Any]:
    """Those with the text in their name or address."""
    wanted = (query or "").lower()
    shown = [viewer.user(asking, key.id, key.name, key.role, key.entity) for key in known(asking, None)]
    found = [user for user in shown if any(wanted in user[field].lower() for field in ("name", "username", "email"))]
    edges = [{"node": user, "cursor": user["id"]} for user in found[: first or MOST]]
    return {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False, "hasPreviousPage": False}}


def members(entity: dict[str, Any], asking: Asking) -> list[dict[str, Any]]:
    return [_member(asking, key) for key in known(asking, entity["name"])]


def _member(asking: Asking, key: Key) -> dict[str, Any]:
    shown = viewer.user(asking, key.id, key.name, key.role, key.entity)
    kept = {field: shown[field] for field in ("id", "name", "username", "email", "admin")}
    return {**kept, "pending": False, "photoUrl": None, "accountType": key.role.upper(), "role": key.role, "apiKey": None}


def organization(_parent: Any, asking: Asking, name: str) -> dict[str, Any] | None:
    return of_entity(name) if asking.caller.may_see(name) else None


def of_entity(name: str) -> dict[str, Any]:
    return {
        "id": opaque("Organization", name),
        "name": name,
        "orgEntity": {**viewer.of_name(name), "entityType": "organization"},
        "advancedRegistryFeatures": {"advancedSearch": False},
    }


def organizations(asking: Asking) -> list[dict[str, Any]]:
    """Every one that the caller reaches."""
    names = [asking.caller.entity] if asking.caller.entity else projects.entities(asking.session, MOST)
    return [of_entity(name) for name in names]


FIELDS = {
    "Query.users": users,
    "Query.organization": organization,
    "Entity.members": members,
    "Entity.user": lambda _entity, asking: {"organizations": organizations(asking)},
    "Entity.organization": lambda entity, _asking: of_entity(entity["name"]),
    "Project.members": lambda project, asking: [{**_member(asking, key), "role": {"name": key.role}} for key in known(asking, project.entity)],
    "Project.teamMembers": lambda _project, _asking: [],
}
