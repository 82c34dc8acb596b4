"""The best value of a metric so far."""

import math
from collections.abc import Mapping
from typing import Any, Literal


class Watch:
    """The best value of a metric so far, and how many evaluations have passed since. NaN is never better."""

    def __init__(self, metric: str, goal: Literal["min", "max"]) -> None:
        self.metric = metric
        self.held: float | None = None
        self.waited = 0
        self._sign = 1 if goal == "min" else -1

    def improves(self, metrics: Mapping[str, float]) -> bool:
        value = metrics[self.metric]
        better = not math.isnan(value) and (self.held is None or self._sign * value < self._sign * self.held)
        self.held, self.waited = (value, 0) if better else (self.held, self.waited + 1)
        return better

    def state_dict(self) -> dict[str, Any]:
        return {"held": self.held, "waited": self.waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.held, self.waited = state["held"], state["waited"]
