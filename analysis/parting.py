"""Where two trainings parted: at which of the things that training meets one after the other, and at which step."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.chain import Break
from analysis.evidence import Check, Evidence
from analysis.initial import Distance
from analysis.points import FirstDifference

# `update`: the sums and products of forward pass, backward pass and optimizer; `evaluation`: those of the validation alone.
Stage = Literal["data", "split", "order", "initial", "random", "schedule", "update", "optimizer", "buffers", "evaluation"]
BEFORE_TRAINING: tuple[Literal["split", "order", "initial"], ...] = ("split", "order", "initial")
OF_UPDATES = ("train/", "grad/")
OF_EVALUATIONS = ("val/", "test/")
A_JUMP = 1e-4  # relative. In float32 rounding begins at 1e-7; what begins larger computes something else
STEPS_UNTIL_SEEN = 2  # what a checkpoint lost is in the losses at once (random numbers), or one or two steps later


@dataclass(frozen=True)
class Parting:
    stage: Stage
    step: int | None  # the earliest at which it shows; None for what lies before the first step
    by_chain: Break | None = None
    resumed: tuple[int | None, int | None] = (None, None)  # original, rerun: a checkpoint was taken up there, and there they part
    initial: Distance | None = None
    before_an_update: bool = False  # it shows where no update of the optimizer lies behind

    @property
    def at_a_resume(self) -> bool:
        return self.resumed != (None, None)


def parting(
    original: Evidence,
    rerun: Evidence,
    checked: Mapping[str, Check],
    differing: Sequence[FirstDifference],
    links: int,
    broken: Break | None,
    initial: Distance | None,
) -> Parting | None:
    """None when nothing that was compared is different, a run being shorter than the other aside. `links` of the chains were compared."""
    if checked["data"] == "different":
        return Parting("data", None)
    for stage in BEFORE_TRAINING:
        if checked[stage] == "different" and not (stage == "order" and _ended_elsewhere(original, rerun, differing, broken)):
            return Parting(stage, None, initial=initial if stage == "initial" else None)
    firsts = {first.metric: first for first in differing if not first.is_one_sided}
    shown = min((first.step for first in firsts.values()), default=None)
    found = _by_chain(broken, firsts) or _by_points(original, firsts, checked["final"], links)
    if found is None:
        return None
    resumed = (_resumed(original, found, shown, broken), _resumed(rerun, found, shown, broken))
    if found == "evaluation" and resumed != (None, None) and _has_buffers(original.config):
        found = "buffers"  # which may have come to the same bits again by the end
    steps = [step for step in (shown, broken.step if broken else None) if step is not None]
    at_once = any(_is_of(OF_UPDATES, first.metric) and first.step == 0 for first in firsts.values())
    return Parting(found, min(steps, default=None), broken, resumed, before_an_update=at_once)


def _ended_elsewhere(original: Evidence, rerun: Evidence, differing: Sequence[FirstDifference], broken: Break | None) -> bool:
    """Whether the runs have other lengths, and with them other batches, because they had parted before."""
    lengths = {max((int(column.steps[-1]) for column in run.series.values() if len(column)), default=None) for run in (original, rerun)}
    same_so_far = broken is None or "order" not in broken.parts
    return len(lengths) > 1 and same_so_far and any(not first.is_one_sided for first in differing)


def _by_chain(broken: Break | None, firsts: Mapping[str, FirstDifference]) -> Stage | None:
    if broken is None:
        return None
    part = broken.parts[0]
    if part == "order":
        return "order"
    if part == "rng":
        return "random"
    if _only_the_rate(firsts):
        return "schedule"
    return {"optimizer": "optimizer", "buffers": "buffers"}.get(part, "update")  # type: ignore[return-value]


def _by_points(original: Evidence, firsts: Mapping[str, FirstDifference], final: Check, links: int) -> Stage | None:
    if _only_the_rate(firsts):
        return "schedule"
    if any(not _is_of(OF_EVALUATIONS, metric) for metric in firsts):
        return "random" if not links and _looks_like_other_masks(original.config, firsts) else "update"
    if not firsts:
        return ("buffers" if _has_buffers(original.config) else "update") if final == "different" else None
    # Training went the same way, and what it is judged by is not the same: buffers, unless they are known to be the same in the end.
    return "buffers" if final != "same" and _has_buffers(original.config) else "evaluation"


def _only_the_rate(firsts: Mapping[str, FirstDifference]) -> bool:
    """Whether the learning rate parts before any loss does."""
    return "lr" in firsts and all(first.step >= firsts["lr"].step for metric, first in firsts.items() if metric != "lr")


def _looks_like_other_masks(config: Mapping[str, Any], firsts: Mapping[str, FirstDifference]) -> bool:
    """Whether a training with dropout parts by far at once. Where numbers are shorter than float32, that says nothing."""
    if not _drops_out(config) or config.get("precision", "float32") not in ("float32", "float64"):
        return False
    first = firsts.get("train/loss")
    return first is not None and first.step == min(each.step for each in firsts.values()) and _relative(first) > A_JUMP


def _relative(first: FirstDifference) -> float:
    """The distance of the two values over the larger one; infinite when either is not finite."""
    a, b = first.original, first.rerun
    if a is None or b is None or not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b), 1e-300)


def _resumed(run: Evidence, stage: Stage, shown: int | None, broken: Break | None) -> int | None:
    """The step at which this run took up a checkpoint, if the difference begins right there."""
    return next((step for step in reversed(run.resumed) if _begins_at(step, run, stage, shown, broken)), None)


def _begins_at(resumed: int, run: Evidence, stage: Stage, shown: int | None, broken: Break | None) -> bool:
    if broken is not None:
        was_good = broken.after is None or broken.after < resumed
        return was_good and resumed <= broken.step and (shown is None or resumed <= shown)
    if shown is None or shown < resumed:
        return False
    return not _evaluated(run, resumed, shown) if stage in ("buffers", "evaluation") else shown <= resumed + STEPS_UNTIL_SEEN


def _evaluated(run: Evidence, begin: int, end: int) -> bool:
    """Whether the run was evaluated at one of these steps, the last one excluded."""
    evaluations = [column.steps for metric, column in run.series.items() if _is_of(OF_EVALUATIONS, metric)]
    return any(bool(((steps >= begin) & (steps < end)).any()) for steps in evaluations)


def _is_of(groups: Iterable[str], metric: str) -> bool:
    return metric.startswith(tuple(groups))


def _drops_out(config: Mapping[str, Any]) -> bool:
    return any(isinstance(each, Mapping) and each.get("p", 0) not in (0, None) for each in _parts_named("dropout", config))


def _has_buffers(config: Mapping[str, Any]) -> bool:
    return any(isinstance(each, Mapping) and each.get("kind") == "batch" for each in _parts_named("norm", config))


def _parts_named(word: str, config: Mapping[str, Any]) -> list[Any]:
    model = config.get("model")
    return [each for name, each in model.items() if word in str(name)] if isinstance(model, Mapping) else []
