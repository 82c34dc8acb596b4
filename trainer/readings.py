"""What the steps measured, kept where it was computed until it is worth asking the device for it."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

MOST_STEPS = 64
MOST_S = 0.2


class Reading(NamedTuple):
    """What one step measured, each a number on the device."""

    loss: Tensor
    accuracy: Tensor
    norm: Tensor


@dataclass(frozen=True)
class Rows:
    """Consecutive steps with what each measured, in the order of the steps."""

    first: int
    times: list[float]  # seconds since 1970
    metrics: list[dict[str, float]] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.first + len(self.times) - 1

    def until(self, step: int) -> "Rows":
        """The rows up to and with that step."""
        kept = step - self.first + 1
        return Rows(self.first, self.times[:kept], self.metrics[:kept])


class Readings:
    """Steps gathered in blocks: asking a GPU for a number makes it wait, so it is asked for many at once."""

    def __init__(self) -> None:
        self._begin()

    def add(self, step: int, reading: Reading, lr: float) -> None:
        if not self._times:
            self._first = step
        self._times.append(time.time())
        self._readings.append(reading)
        self._rates.append(lr)

    @property
    def are_due(self) -> bool:
        """Whether a block is full, or has waited long enough."""
        return len(self._times) >= MOST_STEPS or time.monotonic() - self._begun_at > MOST_S

    def take(self, evaluated: dict[str, Tensor]) -> Rows:
        """Everything gathered, as numbers; what was evaluated belongs to the last step. The device is waited for, once."""
        columns = [torch.stack(column).double() for column in zip(*self._readings, strict=True)]
        further = [torch.stack([each.double() for each in evaluated.values()])] if evaluated else []
        numbers = torch.cat([*columns, *further]).tolist()
        count = len(self._times)
        losses, accuracies, norms = numbers[:count], numbers[count : 2 * count], numbers[2 * count : 3 * count]
        rows = Rows(self._first, self._times)
        for loss, accuracy, lr, norm in zip(losses, accuracies, self._rates, norms, strict=True):
            rows.metrics.append({"train/loss": loss, "train/accuracy": accuracy, "lr": lr, "grad/norm": norm})
        rows.metrics[-1].update(zip(evaluated, numbers[3 * count :], strict=True))
        self._begin()
        return rows

    def _begin(self) -> None:
        self._first, self._begun_at = 0, time.monotonic()
        self._times: list[float] = []
        self._readings: list[Reading] = []
        self._rates: list[float] = []
