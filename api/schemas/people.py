"""Who is asking, and who else is here. A key stands for a person."""

from typing import Literal

from typing_extensions import TypedDict

from api.schemas.others import Role


class SharedShown(TypedDict):
    """What the link shows of which the cookie is; one of the two is null."""

    run: str | None
    study: str | None
    address: str


class Me(TypedDict):
    """`by` says how the caller is known; `key` is null for the holder of a link, `shared` for everybody else. `entity` null reaches every entity."""

    name: str
    role: Role
    entity: str | None
    default_entity: str
    by: Literal["key", "session", "link"]
    session: bool
    key: str | None
    expires_at: str | None
    shared: SharedShown | None


class UserShown(TypedDict):
    id: str
    name: str
    role: Role
    entity: str | None
    created_at: str
    expires_at: str | None
