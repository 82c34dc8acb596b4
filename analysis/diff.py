"""What changed from one config to another: by leaf, by factor, and in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analysis.leaves import Change, SameAndDifferent, changes, side_by_side
from analysis.study import Vary
from trainer.config import FACTORS, RunConfig
from trainer.schedulers import follows

__all__ = ["Change", "SameAndDifferent", "change_words", "changed_factors", "changes", "config_changes", "factors_of", "many_words", "side_by_side"]

# Objects that are one of several kinds, or none at all: their change is told by the kind first.
UNIONS = ("model.norm", "optimizer", "scheduler", "early_stopping")
SIZES = next(factor.paths for factor in FACTORS if factor.name == "model")  # the network's kind and what only some kinds have
NAMES = {"optimizer.lr": "lr", "dataset.name": "dataset", "model.dropout.p": "dropout"}


def changed_factors(base: RunConfig, other: RunConfig, vary: Vary = "seed") -> list[str]:
    """The factors that a step from `base` to `other` touches, in the order of FACTORS; empty when only what is free to differ does.

    In a study whose seeds vary the split, `dataset.split_seed` is free too.
    """
    return _factors([change.path for change in config_changes(base, other)], vary)


def factors_of(change: Iterable[Mapping[str, Any]], vary: Vary = "seed") -> list[str]:
    """The same of a change as it is kept: the documents of `config_changes`."""
    return _factors([item["path"] for item in change], vary)


def many_words(factors: Sequence[str]) -> str:
    """What a change of several factors cannot tell."""
    return f"{len(factors)} factors at once ({', '.join(factors)}), so which of them made a difference cannot be told"


def config_changes(base: RunConfig, other: RunConfig) -> list[Change]:
    """The leaves somebody changed, without those that follow another: a schedule as long as the run, a peak as high as lr, on both sides."""
    found = changes(base.model_dump(mode="json"), other.model_dump(mode="json"))
    follow = frozenset.intersection(*(follows(each.scheduler, each.optimizer.lr, each.total_iterations) for each in (base, other)))
    return [change for change in found if change.path not in {f"scheduler.{name}" for name in follow}]


def change_words(base: RunConfig, other: RunConfig) -> str:
    """Such as "norm: none → batch" or "optimizer: sgd → adam, lr 2 → 0.001"; several changes are set apart by semicolons."""
    return "; ".join(_told(config_changes(base, other))) or "no change"


def _factors(paths: Sequence[str], vary: Vary) -> list[str]:
    counted = [path for path in paths if vary == "seed" or path != "dataset.split_seed"]
    return [factor.name for factor in FACTORS if any(_lies_under(path, root) for path in counted for root in factor.paths)]


def _lies_under(path: str, root: str) -> bool:
    return path == root or path.startswith(root + ".")


def _told(changes: Sequence[Change]) -> Iterator[str]:
    told: set[str] = set()
    for change in changes:
        union = _union(change.path)
        members = [each for each in changes if union is not None and _union(each.path) == union]
        if union is None or not _changes_kind(members):
            yield f"{_name(change.path)}: {_arrow(change)}"
        elif union not in told:
            told.add(union)
            yield _union_words(union, members)


def _union(path: str) -> str | None:
    return next((root for root in UNIONS if path.startswith(root + ".")), "model" if path in SIZES else None)


def _changes_kind(members: Sequence[Change]) -> bool:
    return any(change.path.endswith(".kind") for change in members) or _appears(members) or _disappears(members)


def _union_words(union: str, members: Sequence[Change]) -> str:
    name = union.removeprefix("model.")
    if _appears(members):
        return f"{name}: none → {_summary(change.to for change in members)}"
    if _disappears(members):
        return f"{name}: {_summary(change.from_ for change in members)} → none"
    kind = next(change for change in members if change.path.endswith(".kind"))
    kept = [change for change in members if change is not kind and change.from_ is not None and change.to is not None]
    return ", ".join([f"{name}: {_arrow(kind)}", *(f"{_last(change.path)} {_arrow(change)}" for change in kept)])


def _appears(members: Sequence[Change]) -> bool:
    """Whether there was no object at all before; one of the kind `none` is an object."""
    return all(change.from_ is None for change in members)


def _disappears(members: Sequence[Change]) -> bool:
    return all(change.to is None for change in members)


def _summary(values: Iterator[Any]) -> str:
    return ", ".join(_value(value) for value in values)


def _arrow(change: Change) -> str:
    return f"{_value(change.from_)} → {_value(change.to)}"


def _name(path: str) -> str:
    return NAMES.get(path) or path.removeprefix("model.").replace(".", " ")


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)
