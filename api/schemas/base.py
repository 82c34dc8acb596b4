"""Words and forms that many bodies share."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr
from typing_extensions import TypedDict

T = TypeVar("T")

LARGEST_LIST = 1000
Json = dict[str, Any]


class Body(BaseModel):
    """What a caller sends: unknown keys are refused, and true is not 1."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Page(TypedDict, Generic[T]):
    """A part of a list; `next_cursor` leads to the next part, null at the end. `total` stands only with ?total=true."""

    items: list[T]
    next_cursor: str | None


class Items(TypedDict, Generic[T]):
    """A list that is short enough to come whole."""

    items: list[T]
    next_cursor: None


def one_line(text: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("must not hold control characters")
    return text


RunIdText = Annotated[StrictStr, Field(min_length=1, max_length=64)]
RunName = Annotated[StrictStr, Field(min_length=1, max_length=256), AfterValidator(one_line)]
KeyName = Annotated[StrictStr, Field(min_length=1, max_length=128), AfterValidator(one_line)]
Tag = Annotated[StrictStr, Field(min_length=1, max_length=128), AfterValidator(one_line)]
Tags = Annotated[list[Tag], Field(max_length=100)]
Notes = Annotated[StrictStr, Field(max_length=100_000)]
ProjectText = Annotated[StrictStr, Field(min_length=1, max_length=260, description='"entity/name", or a bare name in the caller\'s default entity')]
Metric = Annotated[StrictStr, Field(min_length=1, max_length=512)]
Moment = Annotated[AwareDatetime, Field(strict=False, description="RFC 3339 with an offset")]
Priority = Annotated[StrictInt, Field(ge=-1000, le=1000, description="runs of a higher priority start first")]
