"""What a filter means, in plain Python: the other side of tests/store/test_search.py, which shares only the parser with the product."""

import json
import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.search.keys import Key
from store.search.syntax import And, Compare, Filter, In, IsNull, Like, Not, Or

SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
MISSING = object()


@dataclass(frozen=True)
class PlainRun:
    id: str
    fields: dict[str, Any]
    config: dict[str, Any]
    metrics: dict[str, list[float]]
    tags: list[str]


def holds(tree: Filter, run: PlainRun) -> bool:
    if isinstance(tree, And):
        return all(holds(part, run) for part in tree.parts)
    if isinstance(tree, Or):
        return any(holds(part, run) for part in tree.parts)
    if isinstance(tree, Not):
        return not holds(tree.of, run)
    if isinstance(tree, IsNull):
        return is_there(tree.key, run) == tree.negated
    if isinstance(tree, In) and tree.key.root == "tags":
        return any(value.plain in run.tags for value in tree.values) != tree.negated
    value = value_of(tree.key, run)
    if value is MISSING:
        return False
    if isinstance(tree, Compare):
        return alike(value, tree.value.plain) and SIGNS[tree.sign](value, tree.value.plain)
    if isinstance(tree, In):
        same_kind = [each.plain for each in tree.values if alike(value, each.plain)]
        return bool(same_kind) and (value in same_kind) != tree.negated
    assert isinstance(tree, Like)
    return isinstance(value, str) and is_like(value, tree.pattern, tree.folds) != tree.negated


def alike(a: Any, b: Any) -> bool:
    return isinstance(a, str) == isinstance(b, str) and not (isinstance(a, float) and math.isnan(a))


def is_like(value: str, pattern: str, folds: bool) -> bool:
    words = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return (
        re.fullmatch(words, value, re.DOTALL | (re.IGNORECASE | re.ASCII if folds else 0)) is not None
        if value.isascii()
        else slow_like(value, words, folds)
    )


def slow_like(value: str, words: str, folds: bool) -> bool:
    """re.ASCII does not hold the folding of letters beyond ASCII back in a str pattern, so these are folded by hand."""
    return re.fullmatch(folded(words) if folds else words, folded(value) if folds else value, re.DOTALL) is not None


def folded(text: str) -> str:
    return re.sub("[A-Z]", lambda match: match[0].lower(), text)


def value_of(key: Key, run: PlainRun) -> Any:
    """A float, a str or MISSING; a NaN is a float like which nothing is."""
    if key.root == "metric":
        return sum_of(run.metrics.get(key.name), key.part)
    found = run.fields[key.name] if key.root == "field" else inside(run.config, steps(key.name))
    if found is None or (isinstance(found, dict) and found):
        return MISSING
    if found is MISSING or isinstance(found, str):
        return found
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found)
    return json.dumps(found, separators=(",", ":"))


def sum_of(values: Sequence[float] | None, part: str) -> Any:
    if values is None:
        return MISSING
    finite = [value for value in values if math.isfinite(value)]
    if part in ("last", "count"):
        return values[-1] if part == "last" else float(len(values))
    if not finite:
        return MISSING
    return {"min": min(finite), "max": max(finite), "min_step": float(list(values).index(min(finite)))}[part]


def is_there(key: Key, run: PlainRun) -> bool:
    if key.root != "config":
        return value_of(key, run) is not MISSING
    return has_leaf(inside(run.config, steps(key.name)))


def has_leaf(value: Any) -> bool:
    if isinstance(value, dict) and value:
        return any(has_leaf(each) for each in value.values())
    return value is not None and value is not MISSING


def inside(tree: Any, path: Sequence[str]) -> Any:
    for step in path:
        if not isinstance(tree, dict) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


def steps(path: str) -> list[str]:
    parts = re.findall(r'"(?:[^"]|"")*"|[^.]+', path)
    return [part[1:-1].replace('""', '"') if part[0] == '"' else part for part in parts]
