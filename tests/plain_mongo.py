"""What a MongoDB filter means, in plain Python, for runs whose config leaves are numbers, texts or missing: it shares nothing with the product."""

import json
import math
import operator
import re
from typing import Any

from plain_filter import PlainRun, has_leaf, inside, sum_of

MISSING = object()
SIGNS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


def holds(of: dict[str, Any], run: PlainRun) -> bool:
    return all(entry(name, value, run) for name, value in of.items())


def entry(name: str, value: Any, run: PlainRun) -> bool:
    if name == "$and":
        return all(holds(each, run) for each in value)
    if name == "$or":
        return any(holds(each, run) for each in value)
    if name == "$nor":
        return not any(holds(each, run) for each in value)
    return field(name, value, run)


def field(name: str, value: Any, run: PlainRun) -> bool:
    if not isinstance(value, dict) or not value:
        return equals(name, value, run)
    return all(test(name, word, operand, value, run) for word, operand in value.items() if word != "$options")


def test(name: str, word: str, operand: Any, beside: dict[str, Any], run: PlainRun) -> bool:
    if word == "$eq":
        return equals(name, operand, run)
    if word == "$ne":
        return not equals(name, operand, run)
    if word == "$in":
        return any(equals(name, each, run) for each in operand)
    if word == "$nin":
        return not any(equals(name, each, run) for each in operand)
    if word == "$all":
        return all(equals(name, each, run) for each in operand)
    if word == "$exists":
        return is_there(name, run) == bool(operand)
    if word == "$not":
        return not field(name, operand, run)
    if word == "$regex":
        pattern = re.compile(operand, re.DOTALL | (re.IGNORECASE if "i" in beside.get("$options", "") else 0))
        return any(isinstance(each, str) and pattern.search(each) is not None for each in values(name, run))
    return any(alike(each, operand) and SIGNS[word](each, operand) for each in values(name, run))


def equals(name: str, wanted: Any, run: PlainRun) -> bool:
    if wanted is None:
        return not is_there(name, run)
    return any(alike(each, leaf(wanted)) and each == leaf(wanted) for each in values(name, run))


def values(name: str, run: PlainRun) -> list[Any]:
    if name == "tags":
        return list(run.tags)
    found = value(name, run)
    return [] if found is MISSING or found is None or (isinstance(found, dict) and found) else [leaf(found)]


def is_there(name: str, run: PlainRun) -> bool:
    if name == "tags":
        return bool(run.tags)
    found = value(name, run)
    return has_leaf(found) if name.startswith("config.") and not isinstance(found, float) and found is not MISSING else found not in (MISSING, None)


def value(name: str, run: PlainRun) -> Any:
    root, _, rest = name.partition(".")
    if root == "config":
        steps = rest.split(".")
        steps = [steps[0], *steps[2:]] if steps[1:2] == ["value"] else steps
        found = inside(run.config, steps)
        return MISSING if not isinstance(found, dict | list | str | int | float | bool | type(None)) else found
    if root == "summary_metrics":
        found = sum_of(run.metrics.get(rest), "last")
        return found if isinstance(found, float) else MISSING
    return run.fields[{"display_name": "name", "displayName": "name", "state": "state", "seed": "seed", "node": "node"}[name]]


def leaf(found: Any) -> float | str:
    if isinstance(found, str):
        return found
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found)
    return json.dumps(found, separators=(",", ":"))


def alike(a: Any, b: Any) -> bool:
    return isinstance(a, str) == isinstance(b, str) and not (isinstance(a, float) and math.isnan(a))
