"""A sweep's config, read: its method, its parameters with their spaces, its metric, and when runs are stopped early."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from analysis.sweeps.distributions import PlanError, number, space_of, whole
from analysis.sweeps.hyperband import Hyperband
from analysis.sweeps.spaces import Space

METHODS = ("grid", "random", "bayes")
GOALS = ("minimize", "maximize")
MOST_CHARACTERS = 256 * 1024
MOST_PARAMETERS = 1000
DEEPEST = 16
KNOWN = frozenset(
    "program method metric parameters early_terminate command name description project entity run_cap job image_uri controller "  # noqa: SIM905
    "settings scheduler resource queue resource_args imports entry_point working_dir launch_config version goal type apiVersion".split()
)


@dataclass(frozen=True)
class Parameter:
    """`path`: its name, below the names of what it is nested in."""

    path: tuple[str, ...]
    space: Space

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Metric:
    name: str
    goal: str

    @property
    def is_maximized(self) -> bool:
        return self.goal == "maximize"


@dataclass(frozen=True)
class Plan:
    """`run_cap`: how many runs there may be, None for any number. `warnings`: what was let pass, in sentences."""

    method: str
    parameters: tuple[Parameter, ...]
    metric: Metric | None
    early: Hyperband | None
    run_cap: int | None
    name: str | None
    description: str | None
    warnings: tuple[str, ...]
    program: str | None = None

    @property
    def points(self) -> int | None:
        """How many combinations a grid has; None for other methods."""
        return math.prod(parameter.space.size or 0 for parameter in self.parameters) if self.method == "grid" else None

    @property
    def expected(self) -> int | None:
        """How many runs there will be; None when there is no end."""
        bounds = [count for count in (self.points, self.run_cap) if count is not None]
        return min(bounds, default=None)


def read(text: str) -> Plan:
    """The plan of a config in YAML. Raises PlanError."""
    if len(text) > MOST_CHARACTERS:
        raise PlanError(f"A sweep config takes up to {MOST_CHARACTERS} characters; got {len(text)}.")
    try:
        config = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PlanError(f"The sweep config is no YAML that is taken here: {str(error)[:300]}") from error
    if not isinstance(config, dict) or not all(isinstance(name, str) for name in config):
        raise PlanError("A sweep config is a mapping with `method` and `parameters`.")
    return plan_of(config)


class _Loader(yaml.SafeLoader):
    """Without aliases: a short text could stand for a huge one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not taken")
        return super().compose_node(parent, index)


def plan_of(config: Mapping[str, Any]) -> Plan:
    """Raises PlanError for what no runs could be chosen from."""
    method = config.get("method")
    if method not in METHODS:
        raise PlanError(f"method takes grid, random or bayes; got {method!r:.80}.")
    parameters = tuple(_parameters(config.get("parameters"), ()))
    _must_be_usable(method, parameters)
    metric = _metric(config.get("metric"))
    early = _early(config.get("early_terminate"))
    if metric is None and (method == "bayes" or early is not None):
        raise PlanError(
            f"metric is needed for {'method bayes' if method == 'bayes' else 'early_terminate'}: its name and goal (minimize or maximize)."
        )
    run_cap = config.get("run_cap")
    cap = None if run_cap is None else whole("run_cap", run_cap, 1, 10**9)
    warnings = [f"{name} is not known in a sweep config and is ignored." for name in config if name not in KNOWN]
    return Plan(
        method, parameters, metric, early, cap, _text(config, "name"), _text(config, "description"), tuple(warnings[:20]), _text(config, "program")
    )


def _parameters(given: Any, path: tuple[str, ...]) -> Iterator[Parameter]:
    where = ".".join(path)
    if not isinstance(given, dict) or not given:
        raise PlanError(f"{f'parameters of {where}' if where else 'parameters'} takes a mapping from names to what they may be; got {given!r:.80}.")
    if len(path) >= DEEPEST:
        raise PlanError(f"Parameters are nested at most {DEEPEST} deep; {where[:200]} is deeper.")
    for name, spec in given.items():
        if not isinstance(name, str | int | float) or isinstance(name, bool):
            raise PlanError(f"A parameter's name is text; got {name!r:.80}.")
        here = (*path, str(name))
        if not isinstance(spec, dict):
            raise PlanError(f"Parameter {'.'.join(here)} takes value, values, min and max, a distribution or parameters; got {spec!r:.80}.")
        if "parameters" in spec:
            yield from _parameters(spec["parameters"], here)
        else:
            yield Parameter(here, space_of(".".join(here), spec))


def _must_be_usable(method: str, parameters: tuple[Parameter, ...]) -> None:
    if len(parameters) > MOST_PARAMETERS:
        raise PlanError(f"A sweep has at most {MOST_PARAMETERS} parameters; got {len(parameters)}.")
    endless = [parameter.name for parameter in parameters if parameter.space.size is None]
    if method == "grid" and endless:
        raise PlanError(
            f"A grid takes parameters whose values can be counted (value, values, whole numbers from min to max, q_uniform); {endless[0]} has none."
        )


def _metric(given: Any) -> Metric | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        raise PlanError(f"metric takes a name and a goal; got {given!r:.80}.")
    goal = given.get("goal", "minimize")
    if goal not in GOALS:
        raise PlanError(f"metric.goal takes minimize or maximize; got {goal!r:.80}.")
    return Metric(given["name"][:1000], goal)


def _early(given: Any) -> Hyperband | None:
    """Brackets by `min_iter`, or by `max_iter` and `s`."""
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("type") != "hyperband":
        raise PlanError(f"early_terminate takes the type hyperband; got {given.get('type') if isinstance(given, dict) else given!r:.80}.")
    eta = number("early_terminate.eta", given.get("eta", 3))
    if not 1 < eta <= 1e6:
        raise PlanError(f"early_terminate.eta takes a number above 1; got {eta:g}.")
    is_strict = given.get("strict", False)
    if not isinstance(is_strict, bool):
        raise PlanError(f"early_terminate.strict takes true or false; got {is_strict!r:.80}.")
    if "min_iter" in given:
        return Hyperband.from_least(whole("early_terminate.min_iter", given["min_iter"], 1, 10**9), eta, is_strict)
    if "max_iter" not in given:
        raise PlanError("early_terminate takes min_iter, or max_iter and s.")
    most = whole("early_terminate.max_iter", given["max_iter"], 1, 10**9)
    return Hyperband.from_most(most, whole("early_terminate.s", given.get("s", 1), 1, 64), eta, is_strict)


def _text(config: Mapping[str, Any], name: str) -> str | None:
    value = config.get(name)
    return None if value is None else str(value)[:1000]
