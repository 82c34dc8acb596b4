"""Points of a plan by number, for grid and random search: the same number gives the same point, always."""

import hashlib
import random
from typing import Any

from analysis.sweeps.plan import Plan

Arguments = dict[str, Any]  # what the client's run starts from: {"lr": {"value": 0.1}, "model": {"value": {"width": 8}}}


def grid_point(plan: Plan, place: int) -> list[Any]:
    """Each parameter's value at that combination, 0-based, the last parameter changing fastest. Raises IndexError beyond the last."""
    if not 0 <= place < (plan.points or 0):
        raise IndexError(place)
    values = []
    for parameter in reversed(plan.parameters):
        place, here = divmod(place, parameter.space.size or 1)
        values.append(parameter.space.at(here))
    return values[::-1]


def random_point(plan: Plan, seed: str, place: int) -> list[Any]:
    """Each parameter's value, drawn independently."""
    rng = random.Random(int.from_bytes(hashlib.sha256(f"{seed}:{place}".encode()).digest(), "big"))  # noqa: S311
    return [parameter.space.quantile(rng.random()) for parameter in plan.parameters]


def arguments(plan: Plan, values: list[Any]) -> Arguments:
    """The values under their names, nested as the plan nests them."""
    found: Arguments = {}
    for parameter, value in zip(plan.parameters, values, strict=True):
        top, *below = parameter.path
        if not below:
            found[top] = {"value": value}
            continue
        inner = found.setdefault(top, {"value": {}})["value"]
        for name in below[:-1]:
            inner = inner.setdefault(name, {})
        inner[below[-1]] = value
    return found
