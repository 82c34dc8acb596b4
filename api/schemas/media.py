"""What a run logged that is no number, as it is shown."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict


class MediaKey(TypedDict):
    key: str
    kind: str
    count: Annotated[int, Field(description="rows that hold it")]


class HistogramShown(TypedDict):
    """Counts between edges, of which there is one more."""

    edges: list[float]
    counts: list[float]


class OverlayShown(TypedDict):
    """A mask, a grey image whose values are classes, or boxes, the JSON that the wandb SDK wrote; `labels` say what the classes are called."""

    kind: Literal["mask", "boxes"]
    name: str
    content: Annotated[str | None, Field(description="where its bytes are")]
    labels: dict[str, str]


class MediumShown(TypedDict):
    """`index` counts those logged as a list. `artifact` and `content` are null until the file has arrived, and for histograms."""

    key: str
    step: int
    index: int
    kind: str
    caption: str | None
    path: str | None
    artifact: str | None
    content: Annotated[str | None, Field(description="where its bytes are")]
    size_bytes: int | None
    details: Annotated[dict[str, Any], Field(description="width, height, format, nrows, ncols, and the paths of masks and boxes by name")]
    histogram: HistogramShown | None
    overlays: Annotated[list[OverlayShown], Field(description="what lies over an image")]


class MediaPage(TypedDict):
    items: list[MediumShown]
    next_cursor: str | None
    keys: Annotated[list[MediaKey], Field(description="all that the run has, whatever was asked for")]
