"""What a training process says while it trains: one JSON object a line, the same from a worker's child and from `python -m trainer`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Started:
    """The first event: what determined the run, and the values in force."""

    digests: Mapping[str, str]  # data, split, initial, code
    environment: Mapping[str, Any]
    total_steps: int
    resumed_from: int | None = None  # the first step that this attempt trains, when a checkpoint was taken up


@dataclass(frozen=True)
class Points:
    """Values by metric and step; every column is as long as `steps`, None where a metric has no value."""

    steps: list[int]
    times: list[float]  # seconds since 1970
    metrics: Mapping[str, list[float | None]]


@dataclass(frozen=True)
class ArtifactWritten:
    name: str
    path: str  # absolute
    size_bytes: int
    sha256: str


PARTS = ("weights", "buffers", "optimizer", "rng", "order")  # of a training, each with a digest of its own


@dataclass(frozen=True)
class Digests:
    """A link of the digest chain: behind a step, the SHA-256 of each of PARTS."""

    step: int
    parts: Mapping[str, str]


@dataclass(frozen=True)
class CheckpointWritten:
    """A file from which the run can go on at `step`. All points and links of the steps before were told before."""

    step: int
    path: str  # absolute
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Snapshot:
    """What the layers were like at a step: by kind (trainer.diagnostics.KINDS) a row for each layer, of finite numbers or None."""

    step: int
    layers: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Probed:
    """What a layer did to an input (see trainer.trying)."""

    document: dict[str, Any]


@dataclass(frozen=True)
class LogText:
    text: str


@dataclass(frozen=True)
class Ended:
    """The last event."""

    state: str  # finished or failed
    reason: str | None
    step: int | None  # the last one recorded; None when there was none
    digests: Mapping[str, str] = field(default_factory=dict)  # order, final


Event = Started | Points | Digests | CheckpointWritten | Snapshot | Probed | ArtifactWritten | LogText | Ended

_NAMES: dict[str, type[Event]] = {
    "started": Started,
    "points": Points,
    "digests": Digests,
    "checkpoint": CheckpointWritten,
    "snapshot": Snapshot,
    "probed": Probed,
    "artifact": ArtifactWritten,
    "log": LogText,
    "ended": Ended,
}
_NAME_OF = {event: name for name, event in _NAMES.items()}
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode(event: Event) -> str:
    """The event as one line of JSON, without the line's end."""
    said = {"event": _NAME_OF[type(event)], **vars(event)}
    if isinstance(event, Points):
        said["metrics"] = {metric: [_out(value) for value in column] for metric, column in event.metrics.items()}
    return json.dumps(said, separators=(",", ":"), allow_nan=False)


def decode(line: str | bytes) -> Event:
    """The event that a line holds. ValueError when it holds none."""
    try:
        said = json.loads(line)
        kind: type[Event] = _NAMES[said.pop("event")]
        if kind is not Points:
            return kind(**said)
        metrics = {metric: [_in(value) for value in column] for metric, column in said["metrics"].items()}
        if any(len(column) != len(said["steps"]) for column in (said["times"], *metrics.values())):
            raise ValueError("a column is not as long as the steps")
        return Points(said["steps"], said["times"], metrics)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event: {error}: {line[:200]!r}") from error


def _out(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _in(value: float | str | None) -> float | None:
    return _NON_FINITE[value] if isinstance(value, str) else None if value is None else float(value)
