"""Points and curves."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StrictInt
from typing_extensions import TypedDict

from api.numbers import Number
from api.schemas.base import Body, Metric, RunIdText


class PointColumns(TypedDict):
    """Columns of one length: metrics' values at steps. null is no value; times are seconds since the epoch, default: now."""

    steps: list[Annotated[int, Field(ge=0, le=2**53 - 1)]]
    times: NotRequired[list[float]]
    metrics: dict[str, list[Number | None]]


class RefusedPoint(TypedDict):
    metric: str
    step: int
    reason: str
    held: Number | None
    got: Number


class AppendedPoints(TypedDict):
    """`accepted` counts the values that are now held, new or already there. `refused_count` counts the others where not all are listed."""

    accepted: int
    refused: list[RefusedPoint]
    refused_count: NotRequired[int]


class Curve(TypedDict):
    """Exact: steps, values (and times with x=time). In buckets: steps, mean, min, max, first, last, counts, non_finite."""

    run: str
    metric: str
    count: int
    steps: list[int]
    values: NotRequired[list[Number]]
    times: NotRequired[list[float]]
    mean: NotRequired[list[Number | None]]
    min: NotRequired[list[Number | None]]
    max: NotRequired[list[Number | None]]
    first: NotRequired[list[Number]]
    last: NotRequired[list[Number]]
    counts: NotRequired[list[int]]
    non_finite: NotRequired[list[int]]


class Curves(TypedDict):
    series: list[Curve]


class CurveQuery(Body):
    runs: Annotated[list[RunIdText], Field(min_length=1, max_length=1000)]
    metrics: Annotated[list[Metric], Field(min_length=1, max_length=1000)]
    points: Annotated[StrictInt, Field(ge=1, le=10_000)] | Literal["all"] = 1000
    from_: float | None = Field(None, alias="from", description="first step, or second with x=time; included")
    to: float | None = Field(None, description="last step, or second with x=time; included")
    x: Literal["step", "time"] = "step"
    starts: dict[RunIdText, float] = Field(
        default_factory=dict,
        max_length=1000,
        description="where single runs begin instead of at `from`, by their ids: for whoever has their points up to there",
    )
