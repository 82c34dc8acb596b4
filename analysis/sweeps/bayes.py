"""Bayesian search by Optuna's TPE sampler, told what runs gave so far. Optuna is loaded when a sweep asks for it, not before."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.sweeps.plan import Plan
from analysis.sweeps.spaces import Choice, Integers, Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MOST_TOLD = 500  # the newest of so many runs: TPE's work grows with their number
Point = list[float]  # for each parameter that varies: the number of its value, or the u of its quantile


@dataclass(frozen=True)
class Told:
    """A run so far: its point, and its value in the plan's metric; None while it runs, NaN when it gave none."""

    point: Point
    value: float | None


def suggest(plan: Plan, told: Sequence[Told], seed: str, place: int) -> tuple[Point, list[Any]]:
    """The next point and its values; the same for the same arguments.

    Runs under way are counted as bad ones, so that two agents look in different places.
    """
    import optuna
    from optuna.samplers import TPESampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    varying = {str(number): parameter.space for number, parameter in enumerate(plan.parameters) if parameter.space.size != 1}
    spaces = {name: _searched(space) for name, space in varying.items()}
    sampler = TPESampler(seed=int.from_bytes(hashlib.sha256(f"{seed}:{place}".encode()).digest()[:4], "big"), constant_liar=True)
    study = optuna.create_study(direction="maximize" if plan.metric and plan.metric.is_maximized else "minimize", sampler=sampler)
    study.add_trials([_trial(run, spaces) for run in told[-MOST_TOLD:] if len(run.point) == len(spaces)])
    asked = study.ask(spaces)
    point = [float(asked.params[name]) for name in spaces]
    return point, _values(plan, dict(zip(spaces, point, strict=True)))


def _searched(space: Space) -> "BaseDistribution":
    """How the sampler sees a parameter: values without an order by their number, whole numbers as such, all else by quantile."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(space, Choice):
        return CategoricalDistribution(list(range(space.size)))
    if isinstance(space, Integers):
        return IntDistribution(space.low, space.high)
    return FloatDistribution(0.0, 1.0)


def _trial(run: Told, spaces: "dict[str, BaseDistribution]") -> "FrozenTrial":
    from optuna.distributions import FloatDistribution
    from optuna.trial import TrialState, create_trial

    at = zip(spaces.items(), run.point, strict=True)
    params = {name: number if isinstance(searched, FloatDistribution) else int(number) for (name, searched), number in at}
    if run.value is None:
        return create_trial(state=TrialState.RUNNING, params=params, distributions=spaces)
    if not math.isfinite(run.value):
        return create_trial(state=TrialState.FAIL, params=params, distributions=spaces)
    return create_trial(value=run.value, params=params, distributions=spaces)


def _values(plan: Plan, point: dict[str, float]) -> list[Any]:
    return [_value(parameter.space, point.get(str(number))) for number, parameter in enumerate(plan.parameters)]


def _value(space: Space, number: float | None) -> Any:
    if number is None:
        return space.at(0)
    if isinstance(space, Choice):
        return space.at(int(number))
    return int(number) if isinstance(space, Integers) else space.quantile(min(number, 1 - 1e-12))
