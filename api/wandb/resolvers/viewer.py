"""Who asks, and what this server can do."""

from typing import Any

from api.wandb.asking import Asking
from api.wandb.ids import opaque
from store import keys
from store.errors import KeyNotFound

# What changes how the SDK writes; each is carried out here. It takes any other of its flags as off.
FEATURES = (
    "STRUCTURED_CONSOLE_LOGS",
    "MARK_RUN_FILES_UPLOADED",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "FILESTREAM_GZIP",
    "LARGE_FILENAMES",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "ARTIFACT_REGISTRY_SEARCH",
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "SWEEPS_QUERY_FILTERING",
)


def viewer(_parent: Any, asking: Asking) -> dict[str, Any]:
    """The key that asks, as a user: keys are all the users there are."""
    try:
        name = keys.get(asking.session, asking.caller.key_id).name
    except KeyNotFound:  # it was revoked within the last half second
        name = ""
    return user(asking, asking.caller.key_id, name, asking.caller.role, asking.caller.entity)


def user(asking: Asking, key_id: str, name: str, role: str = "", own: str | None = None) -> dict[str, Any]:
    """A key as the SDK's user; the mail address is none that reaches anybody."""
    entity = own or asking.caller.entity or asking.parts.settings.default_entity
    return {
        "id": opaque("User", key_id),
        "name": name,
        "username": name or key_id,
        "email": f"{key_id}@runtwice.invalid",
        "admin": role == "admin",
        "entity": entity,
        "flags": "{}",
        "deletedAt": None,
        "loggedIn": True,
        "userEntity": of_name(entity),
        "teams": {"edges": [{"node": of_name(entity)}]},
        "apiKeys": {"edges": [{"node": {"id": opaque("ApiKey", key_id), "name": name, "description": name}}]},
    }


def of_name(name: str) -> dict[str, Any]:
    return {
        "id": opaque("Entity", name),
        "name": name,
        "available": True,
        "isTeam": True,
        "readOnly": False,
        "readOnlyAdmin": False,
        "privateOnly": False,
        "storageBytes": 0,
        "codeSavingEnabled": True,
        "settings": {},
        "entityType": "team",
        "isPaid": True,
        "defaultAccess": "PRIVATE",
    }


def entity(_parent: Any, asking: Asking, name: str | None = None) -> dict[str, Any] | None:
    wanted = name or asking.caller.entity or asking.parts.settings.default_entity
    return of_name(wanted) if asking.caller.may_see(wanted) else None


def server_info(_parent: Any, _asking: Asking) -> dict[str, Any]:
    return {
        "features": [{"name": name, "isEnabled": True} for name in FEATURES],
        "cliVersionInfo": {"max_cli_version": "99.0.0", "min_cli_version": "0.15.0"},
        "latestLocalVersionInfo": None,
        "exposesExplicitRunNotFoundState": False,
    }


FIELDS = {
    "Query.viewer": viewer,
    "Query.entity": entity,
    "Query.serverInfo": server_info,
    "Query.node": lambda _parent, _asking, id: None,
}
