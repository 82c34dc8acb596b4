"""Runs deleted and archived, many at a time, and how long a project keeps them."""

from typing import Annotated, NotRequired

from pydantic import Field, StrictBool, StrictInt, StrictStr
from typing_extensions import TypedDict

from api.schemas.base import Body, ProjectText, Tags

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


Days = Annotated[StrictInt, Field(ge=1, le=36_500)]


class Keep(Body):
    """Runs that are neither archived nor deleted by themselves."""

    tags: Tags = Field(default=[], description="with any of these tags")
    filter: FilterText | None = None
    baselines: StrictBool = Field(True, description="that another run names as its baseline")
    verdicts: StrictBool = Field(True, description="that a verdict speaks of, or that have reruns")


class RetentionBody(Body):
    """What is left out is off: without both numbers everything is kept."""

    archive_after_days: Days | None = Field(None, description="days after a run ended")
    delete_archived_after_days: Days | None = Field(None, description="days after a run was archived, by hand or by itself")
    keep: Keep = Keep()


class KeepShown(TypedDict):
    tags: list[str]
    filter: str | None
    baselines: bool
    verdicts: bool


class Took(TypedDict):
    rows: dict[str, int]
    size_bytes: int


class WouldTake(TypedDict):
    archive: int
    delete: Took


class RetentionShown(TypedDict):
    """`would`, with ?preview=true: how many runs it would archive now, and what it would delete."""

    archive_after_days: int | None
    delete_archived_after_days: int | None
    keep: KeepShown
    would: NotRequired[WouldTake]
