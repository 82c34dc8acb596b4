"""Trees of plain values, such as configs and environments, held against each other path by path."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Leaves = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A leaf that is not the same on both sides; None on a side that lacks the path."""

    path: str
    from_: Any
    to: Any

    def document(self) -> dict[str, Any]:
        return {"path": self.path, "from": self.from_, "to": self.to}


@dataclass(frozen=True)
class SameAndDifferent:
    """Leaf paths that have one value in every tree, and those that do not; `values` leaves out who lacks the path."""

    same: Leaves
    different: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        return {"same": self.same, "different": self.different}


def leaves(tree: Mapping[str, Any]) -> Leaves:
    """Dotted path to value, in the tree's order. Lists and empty objects are leaves; a key that holds a dot or a quote, or is empty, is quoted."""
    return dict(_leaves(tree, ""))


def changes(base: Mapping[str, Any], other: Mapping[str, Any]) -> list[Change]:
    """The leaves in which `other` is not `base`, in the order of `base`, then what `other` alone has.

    A union of another kind counts by its leaves. A path that is null on one side and absent on the other is no change.
    """
    before, after = leaves(base), leaves(other)
    pairs = [Change(path, before.get(path), after.get(path)) for path in dict.fromkeys([*before, *after])]
    return [pair for pair in pairs if not equal(pair.from_, pair.to)]


def side_by_side(trees: Mapping[str, Mapping[str, Any]]) -> SameAndDifferent:
    """Any number of trees by leaf path: what they all share, and who has what of the rest."""
    flat = {name: leaves(tree) for name, tree in trees.items()}
    same: Leaves = {}
    different: list[dict[str, Any]] = []
    for path in dict.fromkeys(path for leaf in flat.values() for path in leaf):
        values = {name: leaf[path] for name, leaf in flat.items() if path in leaf}
        first = next(iter(values.values()))
        if len(values) == len(flat) and all(equal(value, first) for value in values.values()):
            same[path] = first
        else:
            different.append({"path": path, "values": values})
    return SameAndDifferent(same, different)


def equal(a: Any, b: Any) -> bool:
    """Equality of JSON values: 1 and 1.0 are one number, true is none, NaN is NaN, and 0.0 is -0.0."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return bool(a == b) or (_is_nan(a) and _is_nan(b))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = prefix + _quoted(str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path + ".")
        else:
            yield path, value


def _quoted(key: str) -> str:
    return key if key and not any(mark in key for mark in '."') else '"' + key.replace('"', '""') + '"'
