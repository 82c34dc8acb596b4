"""Read-only links."""

from typing import Annotated

from pydantic import Field, StrictInt
from typing_extensions import TypedDict

from api.schemas.base import Body

LONGEST_DAYS = 365


class NewShare(Body):
    expires_in_days: Annotated[StrictInt, Field(ge=1, le=LONGEST_DAYS)] | None = Field(None, description="null: until it is deleted")


class ShareShown(TypedDict):
    """Of `run`, `study` and `project` the one that is shared; `owner` is the name of the key that made the link."""

    id: str
    run: str | None
    study: str | None
    project: str | None
    owner: str
    created_at: str
    expires_at: str | None


class ShareMade(ShareShown):
    """`url` is shown this once."""

    url: str
