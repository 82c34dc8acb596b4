"""The inbox: what a key should hear of."""

from typing import Annotated, Literal

from pydantic import Field, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body
from api.schemas.others import Outcome

Kind = Literal["finished", "failed", "crashed", "verdict", "alert", "study"]


class UpTo(Body):
    up_to: Annotated[StrictStr, Field(min_length=1, max_length=500, description="id of the newest item that was read")]


class InboxItem(TypedDict):
    """`outcome` is a verdict's, `level` an alert's, else null; of a study that has ended `study` is its id and `run` null; `text` is a sentence
    or two, `address` the page of the run or the study.
    """

    id: str
    kind: Kind
    run: str | None
    study: str | None
    project: str
    name: str
    text: str
    outcome: Outcome | None
    level: Literal["INFO", "WARN", "ERROR"] | None
    at: str
    read: bool
    address: str


class Inbox(TypedDict):
    """`unread` counts up to 100, which then means as many or more."""

    items: list[InboxItem]
    next_cursor: str | None
    unread: int


class Unread(TypedDict):
    unread: int
