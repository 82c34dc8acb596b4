"""Iterations to a threshold when some runs never get there. Kaplan and Meier (1958), J. Am. Stat. Assoc. 53:457-481."""

from collections.abc import Sequence

from analysis.study import Goal, Outcome, ToThreshold


def first_reached(steps: Sequence[int], values: Sequence[float | None], threshold: float, goal: Goal) -> int | None:
    """Iterations (step + 1) at the first value at least as good as the threshold; None when none is. NaN is never good."""
    for step, value in zip(steps, values, strict=True):
        if value is not None and (value <= threshold if goal == "min" else value >= threshold):
            return step + 1
    return None


def to_threshold(outcomes: Sequence[Outcome], horizon: int) -> ToThreshold:
    """By the product of survivals.

    A run that ended without getting there is followed to the horizon, a failed or diverged one too: it will not get there later. Only one
    with `iterations` stated (cancelled, still running) leaves at that count.
    """
    reached = sorted(min(each.reached, horizon) for each in outcomes if each.reached is not None)
    left = sorted(horizon if each.iterations is None else min(each.iterations, horizon) for each in outcomes if each.reached is None)
    alive, area, since, median = 1.0, 0.0, 0, None
    for moment in sorted(set(reached)):
        at_risk = sum(time >= moment for time in reached) + sum(time >= moment for time in left)
        area += alive * (moment - since)
        alive *= 1 - reached.count(moment) / at_risk
        since = moment
        if median is None and alive <= 0.5 + 1e-12:
            median = float(moment)
    whole = area + alive * (horizon - since)
    return ToThreshold(len(reached), len(left), median, whole if outcomes else None, horizon)
