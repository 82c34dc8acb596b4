"""Runs deleted and archived, many at a time, and how long a project keeps them."""

from typing import Annotated, NotRequired

from pydantic import Field, StrictBool, StrictInt, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body, ProjectText

FilterText = Annotated[StrictStr, Field(min_length=1, max_length=16_384, description="which runs, as in GET /runs")]


class DeletedRuns(TypedDict):
    """What went, or with `preview` would go: rows by table, and bytes of points, logs and artifacts. `left`: active runs, which stay."""

    rows: dict[str, int]
    size_bytes: int
    preview: bool
    left: NotRequired[dict[str, int]]


class RunsToDelete(Body):
    project: ProjectText
    filter: FilterText
    preview: StrictBool = False
    expect: Annotated[StrictInt, Field(ge=0)] | None = Field(None, description="delete only if they are as many as this, as a preview told")


class RunsToArchive(Body):
    project: ProjectText
    filter: FilterText
    archived: StrictBool = Field(True, description="false brings them back")
    preview: StrictBool = False


class Archived(TypedDict):
    """How many runs were moved, or with `preview` would be: those that were archived already are not counted."""

    runs: int
    archived: bool
    preview: bool
