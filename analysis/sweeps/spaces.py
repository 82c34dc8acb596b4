"""The values a parameter may take, each kind with its quantile function, so that one uniform number gives one value.

Names and meanings of the distributions are those of W&B's sweep configuration. Quantized ones give multiples of `q` and stay within their bounds.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Any, Protocol

from analysis.sweeps.beta import beta_quantile

Value = Any  # a JSON value


class Space(Protocol):
    """`size`: how many values there are; None when they cannot be counted."""

    @property
    def size(self) -> int | None: ...

    def at(self, place: int) -> Value:
        """The value of that number, 0-based. Only where they can be counted."""

    def quantile(self, u: float) -> Value:
        """The value below which a share `u` of all draws lies, 0 <= u < 1."""


@dataclass(frozen=True)
class Choice:
    """Some given values; all as likely, or each by its probability."""

    values: tuple[Value, ...]
    probabilities: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        return len(self.values)

    def at(self, place: int) -> Value:
        return self.values[place]

    def quantile(self, u: float) -> Value:
        if self.probabilities is None:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        left = u * sum(self.probabilities)
        for value, probability in zip(self.values, self.probabilities, strict=True):
            if left < probability:
                return value
            left -= probability
        return next(value for value, probability in reversed(list(zip(self.values, self.probabilities, strict=True))) if probability > 0)


@dataclass(frozen=True)
class Integers:
    """Every whole number from low to high, both included."""

    low: int
    high: int

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    def at(self, place: int) -> int:
        return self.low + place

    def quantile(self, u: float) -> int:
        return min(self.low + int(u * self.size), self.high)


@dataclass(frozen=True)
class Continuous:
    """`shape` is uniform, log_uniform (of the values' own bounds), normal, log_normal (of exponent `a` +- `b`) or beta (`a`, `b`)."""

    shape: str
    low: float = -math.inf
    high: float = math.inf
    a: float = 0.0
    b: float = 1.0

    @property
    def size(self) -> None:
        return None

    def at(self, place: int) -> Value:
        raise TypeError(f"the values of a {self.shape} space cannot be counted; asked for number {place}")

    def quantile(self, u: float) -> float:
        return min(max(self._quantile(u), self.low), self.high)

    def _quantile(self, u: float) -> float:
        match self.shape:
            case "uniform":
                return self.low + u * (self.high - self.low)
            case "log_uniform":
                return math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
            case "beta":
                return beta_quantile(u, self.a, self.b)
        exponent = self.a if self.b == 0 else NormalDist(self.a, self.b).inv_cdf(min(max(u, 1e-12), 1 - 1e-12))
        return exponent if self.shape == "normal" else math.exp(min(exponent, 700.0))


@dataclass(frozen=True)
class Quantized:
    """Another space's values, each moved to the nearest multiple of `q` that lies within that space's bounds."""

    of: Continuous
    q: float

    @property
    def size(self) -> int | None:
        if self.of.shape != "uniform":
            return None
        return self._most - self._least + 1

    def at(self, place: int) -> Value:
        return self._times(self._least + place)

    def quantile(self, u: float) -> Value:
        number = round(self.of.quantile(u) / self.q)
        if math.isfinite(self.of.low):
            number = max(number, self._least)
        return self._times(min(number, self._most) if math.isfinite(self.of.high) else number)

    @property
    def is_empty(self) -> bool:
        return math.isfinite(self.of.low) and math.isfinite(self.of.high) and self._least > self._most

    @property
    def _least(self) -> int:
        return math.ceil(Decimal(repr(self.of.low)) / Decimal(repr(self.q)))

    @property
    def _most(self) -> int:
        return math.floor(Decimal(repr(self.of.high)) / Decimal(repr(self.q)))

    def _times(self, number: int) -> Value:
        """The multiple as one would write it: 3 times 0.1 is 0.3."""
        product = number * Decimal(repr(self.q))
        return int(product) if isinstance(self.q, int) else float(product)
