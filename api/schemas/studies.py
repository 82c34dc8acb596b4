"""Studies as they are sent and shown."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StrictBool, StrictFloat, StrictInt
from typing_extensions import TypedDict

from api.numbers import Number
from api.schemas.base import Body, Json, ProjectText, RunName
from api.schemas.runs import Change
from trainer.config import RunConfig
from trainer.part import LARGEST_SEED

Seed = Annotated[StrictInt, Field(ge=0, le=LARGEST_SEED)]
Seeds = Annotated[list[Seed], Field(min_length=1, max_length=5000, description="each once; at most 10,000 runs in all")]
StudyMetric = Literal["val/loss", "val/accuracy", "train/loss", "train/accuracy", "test/loss", "test/accuracy", "grad/norm"]
Conclusion = Literal["better", "worse", "no_difference_found", "not_enough_seeds"]
StudyState = Literal["queued", "running", "finished", "cancelled"]


class NewChange(Body):
    """One change of the baseline: values by path. A list in the place of one value is a grid, one variant a value."""

    name: RunName | None = Field(None, description="default: what changed")
    set: Annotated[dict[str, Any], Field(min_length=1, max_length=50, description="x.kind alone gives the rest of x that kind's defaults")]
    factors: Literal["one", "many"] = "one"


Changes = Annotated[list[NewChange], Field(min_length=1, max_length=100)]


class NewStudy(Body):
    """Baseline x changes x seeds."""

    project: ProjectText
    name: RunName
    baseline: RunConfig
    changes: Changes
    seeds: Seeds
    vary: Literal["seed", "split", "both"] = Field("seed", description="what the seeds are: of weights, order and dropout, of the split, or of both")
    metric: StudyMetric = "val/loss"
    use: Literal["last", "best"] = "last"
    goal: Literal["min", "max"] | None = Field(None, description="default: max for an accuracy, else min")
    primary: Annotated[list[RunName], Field(min_length=1, max_length=100)] | None = Field(None, description="variants to conclude upon; default: all")
    threshold: StrictFloat | StrictInt | None = Field(None, description="of the metric; iterations until there are counted")


class NewSeeds(Body):
    seeds: Seeds


class NewChanges(Body):
    changes: Changes


class StudyPatch(Body):
    name: RunName = ""
    archived: StrictBool = False


class StudyDifference(TypedDict):
    """Variant minus baseline, paired by seed: docs/guide/statistics.md tells what each number means."""

    mean: float | None
    ci95: list[float] | None
    p: float | None
    p_holm: float | None
    effect: float | None
    pairs: int
    valued: int
    median: float | None
    sd: float | None
    exact: bool
    smallest_p: float | None
    correlation: float | None
    p_welch: float | None
    seed_noise: float | None
    machine_noise: float | None
    validation_error: float | None
    detectable: float | None
    seeds_for_observed: int | None
    lone_wrong: float | None


class StudySpread(TypedDict):
    n: int
    mean: float | None
    sd: float | None
    median: float | None
    min: float | None
    max: float | None


class StudyToThreshold(TypedDict):
    reached: int
    censored: int
    median: float | None
    restricted_mean: float | None
    horizon: int


class StudySeed(TypedDict):
    """One dot. `run` is null, and `state` missing, when the run was deleted; `value` is null until it has ended, and when it gave none."""

    seed: int
    run: str | None
    state: Literal["queued", "running", "finished", "failed", "cancelled", "missing"]
    value: Number | None
    diverged: bool
    reached: int | None


class StudyVariant(TypedDict):
    """`n` has finished; `missing` counts seeds whose run was deleted. mean, sd, median, min and max are of all that gave a number."""

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
    without_number: int
    converged: StudySpread
    missing: int
    difference: StudyDifference | None
    conclusion: Conclusion | None
    words: str
    to_threshold: StudyToThreshold | None
    seeds: list[StudySeed]


class StudyProgress(TypedDict):
    """Of `total` places, one for each seed of each variant."""

    ended: int
    total: int
    queued: int
    running: int
    finished: int
    failed: int
    cancelled: int
    missing: int


class StudyNoise(TypedDict):
    """Sizes below which a difference means nothing, in the metric's unit."""

    machine: float | None
    reruns: int
    seeds: float | None
    validation: float | None


class StudyAddition(TypedDict):
    at: str
    ended: int
    seeds: NotRequired[list[int]]
    changes: NotRequired[list[str]]


class StudyHead(TypedDict):
    """What a study is, in a list and by itself."""

    id: str
    project: str
    name: str
    state: StudyState
    metric: str
    use: str
    goal: str
    vary: str
    seeds: list[int]
    seeds_needed: int
    progress: StudyProgress
    archived: bool
    created_at: str


class StudyListed(StudyHead):
    variant_names: list[str]


class StudyShown(StudyHead):
    contrasts: int
    primary: list[str] | None
    threshold: float | None
    baseline: Json
    variants: list[StudyVariant]
    noise: StudyNoise
    words: str
    warnings: list[str]
    additions: list[StudyAddition]
    created_by: str | None


class StudyDryRun(TypedDict):
    """`runs` would be trained, `reused` are there; `estimate_s` until all have ended, `train_s` of training, `estimated_from` past runs."""

    runs: int
    reused: int
    seeds_needed: int
    warnings: list[str]
    estimate_s: float
    train_s: float
    estimated_from: int
    variants: list[str]
