"""Which runs are stopped early: successive halving at brackets (Li et al. 2018, Hyperband), as W&B documents its `early_terminate`.

An iteration is one logged value of the sweep's metric. At a bracket of `b` iterations a run is worth its best value of the first `b`; all runs that
got there are compared, and the best 1/eta of them go on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_BRACKETS = 64
LARGEST = 2**53
Marks = Mapping[int, float]  # bracket -> the run's best value of its first so many, in the direction that is minimized


@dataclass(frozen=True)
class Hyperband:
    """`brackets`: ascending numbers of iterations at which runs are compared."""

    brackets: tuple[int, ...]
    eta: float
    is_strict: bool = False

    @classmethod
    def from_least(cls, min_iter: int, eta: float, is_strict: bool = False) -> "Hyperband":
        """min_iter, min_iter * eta, min_iter * eta^2, ..."""
        brackets = [min_iter]
        while len(brackets) < MOST_BRACKETS and min_iter * eta ** len(brackets) < LARGEST:
            brackets.append(int(min_iter * eta ** len(brackets)))
        return cls(tuple(dict.fromkeys(brackets)), eta, is_strict)

    @classmethod
    def from_most(cls, max_iter: int, s: int, eta: float, is_strict: bool = False) -> "Hyperband":
        """max_iter / eta, ..., max_iter / eta^s, those of at least one iteration."""
        brackets = [int(max_iter / eta**power + 1e-9) for power in range(s, 0, -1)]
        return cls(tuple(dict.fromkeys(bracket for bracket in brackets if bracket >= 1)), eta, is_strict)

    def marks(self, values: Sequence[float]) -> dict[int, float]:
        """Best value at each bracket that so many values reach. NaN is worse than anything."""
        best, found = math.inf, {}
        wanted = {bracket for bracket in self.brackets if bracket <= len(values)}
        for count, value in enumerate(values, 1):
            best = value if value < best else best
            if count in wanted:
                found[count] = best
        return found

    def is_over(self, mine: Marks, everyone: Sequence[Marks], best: float) -> bool:
        """Whether the run with these marks should stop, among all that have any (itself too).

        Looked at is the highest bracket it reached. Strict: by its mark there; else by its best value so far: a late improvement saves it.
        """
        if not mine:
            return False
        bracket = max(mine)
        marks = sorted(marks[bracket] for marks in everyone if bracket in marks)
        threshold = marks[max(math.ceil(len(marks) / self.eta), 1) - 1]
        return (mine[bracket] if self.is_strict else min(best, mine[bracket])) > threshold
