"""What a run raises by itself."""

from typing import Annotated, Literal

from pydantic import Field, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body

Level = Literal["INFO", "WARN", "ERROR"]


class NewAlert(Body):
    title: Annotated[StrictStr, Field(min_length=1, max_length=1000)]
    text: Annotated[StrictStr, Field(max_length=10_000)] = ""
    level: Level = "INFO"
    wait_s: Annotated[float, Field(ge=0, le=1e9)] = Field(
        0.0, description="raise nothing when one of the same title was, less than so many seconds ago"
    )


class AlertShown(TypedDict):
    title: str
    text: str
    level: Level
    at: str


class AlertRaised(TypedDict):
    """`raised` is false for one that was held back by `wait_s`."""

    raised: bool
