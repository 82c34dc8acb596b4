"""What layers do: diagnostics of a run's, and findings on it."""

from typing import Any, Literal

from typing_extensions import TypedDict

Kind = Literal["activation", "gradient", "weight", "weight_gradient", "running_mean", "running_var"]


class HistogramColumns(TypedDict):
    """At each step the least and the largest value, and how many values lie in each of the equal parts between; null where none was finite."""

    low: list[float | None]
    high: list[float | None]
    counts: list[list[int] | None]


class LayerColumns(TypedDict):
    """A layer's statistics, columns as long as `steps`. Shares are of 0 to 1: `zeros`, `saturated`, `dead`, `non_finite`."""

    kind: Kind
    layer: str
    module: str
    steps: list[int]
    mean: list[float | None]
    sd: list[float | None]
    min: list[float | None]
    max: list[float | None]
    norm: list[float | None]
    zeros: list[float | None]
    saturated: list[float | None]
    dead: list[float | None]
    non_finite: list[float | None]
    ratio: list[float | None]
    histogram: HistogramColumns | None


class DiagnosticsShown(TypedDict):
    """`kinds` are those that the run has; layers stand in the order in which an image goes through them."""

    run: str
    kinds: list[str]
    items: list[LayerColumns]


class FindingShown(TypedDict):
    """Something that went wrong while a run learned; `step` is where it is first seen, `figures` are what the rule compared."""

    kind: Literal["diverged", "exploding_gradients", "vanishing_gradients", "dead_activations", "overfitting"]
    step: int
    layer: str | None
    words: str
    figures: dict[str, Any]
    rule: str


class Bars(TypedDict):
    low: float
    high: float
    counts: list[int]


class TensorShown(TypedDict):
    """Every value, nested as the shape says, and what they are like together."""

    values: list[Any]
    mean: float | None
    sd: float | None
    min: float | None
    max: float | None
    norm: float | None
    zeros: float
    non_finite: float
    histogram: Bars | None


class ProbeShown(TypedDict):
    """`before`, `after`, `buffers` (what the layer keeps, as it is afterwards) and `torch` are null until it has finished."""

    id: str
    state: Literal["queued", "running", "finished", "failed"]
    reason: str | None
    layer: dict[str, Any]
    input: Any
    shape: list[int]
    mode: Literal["train", "eval"]
    seed: int
    created_at: str
    finished_at: str | None
    expires_at: str
    before: TensorShown | None
    after: TensorShown | None
    buffers: dict[str, Any] | None
    torch: str | None
