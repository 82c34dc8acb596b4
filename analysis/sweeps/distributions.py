"""What a sweep config says of one parameter, made into a space."""

import json
import math
from collections.abc import Mapping
from typing import Any

from analysis.sweeps.spaces import Choice, Continuous, Integers, Quantized, Space, Value

MOST_VALUES = 10_000
LARGEST_WHOLE = 2**53
BOUNDED = ("uniform", "log_uniform", "log_uniform_values", "inv_log_uniform", "inv_log_uniform_values")
SHAPED = ("normal", "log_normal", "beta")
NAMES = (
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    *BOUNDED,
    *SHAPED,
    *(f"q_{name}" for name in (*BOUNDED, *SHAPED) if not name.startswith("inv")),
)


class PlanError(ValueError):
    """What is wrong with a sweep's config, in a sentence for whoever wrote it."""


def space_of(name: str, spec: Mapping[str, Any]) -> Space:
    """Raises PlanError. Without a distribution: values are categorical, whole bounds int_uniform, others uniform."""
    kind = spec.get("distribution") or _guessed(name, spec)
    if kind not in NAMES:
        raise PlanError(f"Parameter {name}: distribution takes one of {', '.join(NAMES)}; got {kind!r:.80}.")
    if kind == "constant":
        if "value" not in spec:
            raise PlanError(f"Parameter {name}: a constant needs value.")
        return Choice((_plain(name, spec["value"]),))
    if kind in ("categorical", "categorical_w_probabilities"):
        return _choice(name, spec)
    if kind == "int_uniform":
        return _integers(name, spec)
    is_quantized = kind.startswith("q_")
    space = _continuous(name, kind.removeprefix("q_"), spec)
    return _quantized(name, space, spec.get("q", 1)) if is_quantized else space


def number(name: str, given: Any) -> float:
    """A finite number, also one that YAML reads as text, such as 1e-3. Raises PlanError."""
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError:
            given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or abs(given) > 1e300:
        raise PlanError(f"{name} takes a finite number; got {given!r:.80}.")
    return given


def whole(name: str, given: Any, least: int, most: int) -> int:
    """Raises PlanError."""
    value = number(name, given)
    if value != int(value) or not least <= value <= most:
        raise PlanError(f"{name} takes a whole number from {least} to {most}; got {given!r:.80}.")
    return int(value)


def _guessed(name: str, spec: Mapping[str, Any]) -> str:
    if "value" in spec:
        return "constant"
    if "values" in spec:
        return "categorical"
    if "min" in spec and "max" in spec:
        is_whole = isinstance(spec["min"], int) and isinstance(spec["max"], int)
        return "int_uniform" if is_whole else "uniform"
    if "mu" in spec or "sigma" in spec:
        return "normal"
    raise PlanError(f"Parameter {name} takes value, values, min and max, a distribution or parameters; got {', '.join(map(str, spec)) or 'nothing'}.")


def _choice(name: str, spec: Mapping[str, Any]) -> Choice:
    """Equal values are one, with their probabilities added, so that a grid meets each once."""
    values, probabilities = spec.get("values"), spec.get("probabilities")
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
        raise PlanError(f"Parameter {name}: values takes a list of 1 to {MOST_VALUES} values; got {values!r:.80}.")
    if probabilities is not None and (not isinstance(probabilities, list) or len(probabilities) != len(values)):
        raise PlanError(f"Parameter {name}: probabilities takes a list as long as values.")
    shares: dict[str, float] = {}
    plain: dict[str, Value] = {}
    for place, value in enumerate(values):
        text = json.dumps(_plain(name, value), sort_keys=True)
        share = 1.0 if probabilities is None else number(f"Parameter {name}: a probability", probabilities[place])
        if share < 0:
            raise PlanError(f"Parameter {name}: a probability is not negative; got {share:g}.")
        plain.setdefault(text, value)
        shares[text] = shares.get(text, 0.0) + share
    if sum(shares.values()) <= 0:
        raise PlanError(f"Parameter {name}: its probabilities sum to 0.")
    return Choice(tuple(plain.values()), None if probabilities is None else tuple(shares.values()))


def _integers(name: str, spec: Mapping[str, Any]) -> Integers:
    low, high = (whole(f"Parameter {name}: {bound}", spec.get(bound), -LARGEST_WHOLE, LARGEST_WHOLE) for bound in ("min", "max"))
    if low > high:
        raise PlanError(f"Parameter {name}: min is above max ({low} > {high}).")
    return Integers(low, high)


def _continuous(name: str, kind: str, spec: Mapping[str, Any]) -> Continuous:
    if kind in SHAPED:
        return _shaped(name, kind, spec)
    low, high = (number(f"Parameter {name}: {bound}", spec.get(bound)) for bound in ("min", "max"))
    if low > high:
        raise PlanError(f"Parameter {name}: min is above max ({low:g} > {high:g}).")
    if kind == "uniform":
        return Continuous("uniform", low, high)
    if kind in ("log_uniform", "inv_log_uniform"):  # the bounds are exponents
        low, high = (-high, -low) if kind == "inv_log_uniform" else (low, high)
        if not -700 <= low <= high <= 700:
            raise PlanError(f"Parameter {name}: min and max of {kind} are exponents of e, -700 to 700; {kind}_values takes the value's own bounds.")
        return Continuous("log_uniform", math.exp(low), math.exp(high))
    if low <= 0:
        raise PlanError(f"Parameter {name}: min of {kind} is above 0; got {low:g}.")
    return Continuous("log_uniform", low, high)  # log(1/x) is uniform where log(x) is


def _shaped(name: str, kind: str, spec: Mapping[str, Any]) -> Continuous:
    if kind == "beta":
        a, b = (number(f"Parameter {name}: {field}", spec.get(field, 1)) for field in ("a", "b"))
        if not (1e-3 <= a <= 1e4 and 1e-3 <= b <= 1e4):
            raise PlanError(f"Parameter {name}: a and b of beta are 0.001 to 10000; got {a:g} and {b:g}.")
        return Continuous("beta", 0.0, 1.0, a, b)
    mu, sigma = number(f"Parameter {name}: mu", spec.get("mu", 0)), number(f"Parameter {name}: sigma", spec.get("sigma", 1))
    if sigma < 0:
        raise PlanError(f"Parameter {name}: sigma is not negative; got {sigma:g}.")
    return Continuous(kind, a=mu, b=sigma)


def _quantized(name: str, space: Continuous, q: Any) -> Quantized:
    step = number(f"Parameter {name}: q", q)
    if step <= 0:
        raise PlanError(f"Parameter {name}: q is above 0; got {step:g}.")
    quantized = Quantized(space, step)
    if quantized.is_empty:
        raise PlanError(f"Parameter {name}: no multiple of {step:g} lies between {space.low:g} and {space.high:g}.")
    return quantized


def _plain(name: str, value: Any) -> Value:
    """The value, which JSON can hold. Raises PlanError for others, such as dates."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError(f"Parameter {name}: {value!r:.80} is no value that JSON can hold.") from error
    return value
