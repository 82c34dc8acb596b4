"""Studies as they are sent and shown."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt
from typing_extensions import TypedDict

from api.schemas.base import Body, Metric, ProjectText, RunName
from api.schemas.runs import Change
from trainer.config import RunConfig

Seed = Annotated[StrictInt, Field(ge=0, lt=2**31)]


class NewChange(Body):
    """One change of the baseline: values by path. A list in the place of one value is a grid, one variant a value."""

    name: RunName | None = Field(None, description="default: what changed")
    set: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]
    factors: Literal["one", "many"] = "one"


class NewStudy(Body):
    """Baseline x changes x seeds."""

    project: ProjectText
    name: RunName
    baseline: RunConfig
    changes: Annotated[list[NewChange], Field(min_length=1, max_length=100)]
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=1000)]
    vary: Literal["seed", "split", "both"] = "seed"
    metric: Metric = "val/loss"
    use: Literal["last", "best"] = "last"
    goal: Literal["min", "max"] = "min"
    primary: Annotated[list[RunName], Field(min_length=1, max_length=100)] | None = Field(None, description="variants to conclude upon; default: all")


class StudyDifference(TypedDict):
    mean: float | None
    ci95: list[float] | None
    p: float | None
    p_holm: float | None
    effect: float | None
    pairs: int


class StudyVariant(TypedDict):
    """`missing` counts seeds whose run was deleted."""

    name: str
    change: list[Change]
    runs: list[str]
    n: int
    mean: float | None
    sd: float | None
    median: float | None
    min: float | None
    max: float | None
    diverged: int
    missing: int
    difference: StudyDifference | None
    conclusion: Literal["better", "worse", "no_difference_found", "not_enough_seeds"] | None
    words: str


class StudyProgress(TypedDict):
    ended: int
    total: int


class StudyShown(TypedDict):
    id: str
    project: str
    name: str
    state: Literal["queued", "running", "finished", "cancelled"]
    metric: str
    use: str
    goal: str
    vary: str
    seeds: list[int]
    seeds_needed: int
    progress: StudyProgress
    variants: list[StudyVariant]
    words: str


class StudyListed(TypedDict):
    id: str
    name: str
    metric: str
    created_at: str


class StudyDryRun(TypedDict):
    runs: int
    reused: int
    seeds_needed: int
    warnings: list[str]
    estimate_s: float
    variants: list[str]
