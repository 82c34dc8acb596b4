"""What went wrong while a run learned, named by rules that stand in docs/guide/diagnose.md.

Figures of the rules come from networks that were trained to do it: see tests/trainer/test_findings.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.points import Column
from analysis.ulps import in_json

Kind = Literal["diverged", "exploding_gradients", "vanishing_gradients", "dead_activations", "overfitting"]

CHANCE_TIMES = 2.0
WORSE = 1.02  # the training loss at the end, against the least it was
EXPLODED, EXPLODED_TIMES = 10.0, 50.0
FEW_STEPS, FEW_EVALUATIONS = 100, 10
RISE, RISE_OF_FALL = 1.1, 0.015
GAP_OF_FALL = 0.25
FAINT, STRONG = 1e-3, 1e3  # a layer's gradient against the output's
LEARNED = 0.9  # train/accuracy from which a small gradient is no news
HALF_DEAD = 0.5

RULES = {
    "not finite": "a loss is NaN or infinite",
    "learned nothing": "after at least 100 steps the last val/accuracy is at most twice chance, and train/loss at the end at least 2 % above the "
    "least it was",
    "norm": "grad/norm is infinite, or at least 10 and at least 50 times that of the first step",
    "strong layer": "in half of the snapshots with train/accuracy below 0.9, the gradient at the layer's output has at least 1000 times the norm "
    "of that at the network's output",
    "faint layer": "in half of the snapshots with train/accuracy below 0.9, the gradient at the layer's output has at most a thousandth of the norm "
    "of that at the network's output",
    "dead": "in each of the last quarter of the snapshots, at least half of a ReLU's units gave nothing for 256 images in a row",
    "rise": "val/loss at the end (the median of the last 5 of at least 10 evaluations) is at least 10 % above its least, and by at least 1.5 % "
    "of all it had fallen, while train/loss fell on",
    "gap": "val/loss at the end is above train/loss by at least a quarter of all that train/loss has fallen, and by at least twice as much "
    "as at first",
}


@dataclass(frozen=True)
class Finding:
    """`step` is where it is first seen; `figures` are what the rule compared."""

    kind: Kind
    step: int
    layer: str | None
    words: str
    figures: dict[str, Any]
    rule: str

    def document(self) -> dict[str, Any]:
        return {**vars(self), "figures": {name: in_json(value) if isinstance(value, float) else value for name, value in self.figures.items()}}


@dataclass(frozen=True)
class Layers:
    """What one snapshot tells of the layers, in the order in which an image goes through them; the last one is the network's output."""

    step: int
    gradients: Mapping[str, float | None]  # L2 norm of the gradient by what the layer gives out
    dead: Mapping[str, float]  # share of a ReLU's units


def found(series: Mapping[str, Column], snapshots: Sequence[Layers] = (), classes: int | None = None) -> list[Finding]:
    """Everything that the rules name, at most one of each kind. `snapshots` are in the order of their steps."""
    accuracy = series.get("train/accuracy")
    named = (
        _diverged(series, classes),
        _exploding(series, snapshots, accuracy),
        _vanishing(snapshots, accuracy),
        _dead(snapshots),
        _overfitting(series),
    )
    return [each for each in named if each is not None]


def _diverged(series: Mapping[str, Column], classes: int | None) -> Finding | None:
    for name in ("train/loss", "val/loss"):
        column = series.get(name)
        sick = [] if column is None else np.flatnonzero(~np.isfinite(column.values)).tolist()
        if column is not None and sick:
            step, value = int(column.steps[sick[0]]), float(column.values[sick[0]])
            words = f"{name} is {'NaN' if np.isnan(value) else 'infinite'} from step {step} on."
            return Finding("diverged", step, None, words, {name: value}, RULES["not finite"])
    loss, accuracy = series.get("train/loss"), series.get("val/accuracy")
    if loss is None or accuracy is None or classes is None or len(loss) < FEW_STEPS or not len(accuracy):
        return None
    smooth, last = _smooth(loss.values), float(accuracy.values[-1])
    place = int(np.argmin(smooth))
    least, end = float(min(smooth[place], loss.values[0])), float(smooth[-1])
    if last > CHANCE_TIMES / classes or end < WORSE * least:
        return None
    went = f"train/loss went from {least:.4g} to {end:.4g}"
    words = f"The network has learned nothing: val/accuracy ends at {last:.3g}, chance is {1 / classes:.3g}, and {went}."
    figures = {"val/accuracy": last, "chance": 1 / classes, "least train/loss": least, "train/loss": end}
    return Finding("diverged", int(loss.steps[place]), None, words, figures, RULES["learned nothing"])


def _exploding(series: Mapping[str, Column], snapshots: Sequence[Layers], accuracy: Column | None) -> Finding | None:
    norm = series.get("grad/norm")
    if norm is not None and len(norm) and np.isfinite(norm.values[0]):
        first = float(norm.values[0])
        over = np.flatnonzero(np.isinf(norm.values) | (norm.values >= max(EXPLODED, EXPLODED_TIMES * first)))
        if len(over):
            step, largest = int(norm.steps[over[0]]), float(np.nanmax(norm.values))
            layer = _strongest(snapshots, step)
            where = f", most of it in layer {layer}" if layer is not None else ""
            words = f"Gradients explode from step {step} on: their norm goes from {first:.3g} to {largest:.3g}{where}."
            return Finding("exploding_gradients", step, layer, words, {"first": first, "largest": largest}, RULES["norm"])
    return _by_layer(snapshots, accuracy, "exploding_gradients")


def _vanishing(snapshots: Sequence[Layers], accuracy: Column | None) -> Finding | None:
    return _by_layer(snapshots, accuracy, "vanishing_gradients")


def _by_layer(snapshots: Sequence[Layers], accuracy: Column | None, kind: Literal["exploding_gradients", "vanishing_gradients"]) -> Finding | None:
    """The layer whose gradient is farthest from the output's, over all snapshots in which there was still something to learn."""
    ratios: dict[str, list[tuple[float, int]]] = {}
    for each in snapshots:
        known = accuracy.at(each.step) if accuracy is not None else None
        if known is None or known < LEARNED:
            for layer, ratio in _against_output(each).items():
                ratios.setdefault(layer, []).append((ratio, each.step))
    faint = kind == "vanishing_gradients"
    beyond = {layer: [step for ratio, step in seen if (ratio <= FAINT if faint else ratio >= STRONG)] for layer, seen in ratios.items()}
    named = [layer for layer, steps in beyond.items() if steps and 2 * len(steps) >= len(ratios[layer])]
    if not named:
        return None
    medians = {layer: float(np.median([ratio for ratio, _ in ratios[layer]])) for layer in named}
    layer = (min if faint else max)(medians, key=lambda name: medians[name])
    step, ratio = beyond[layer][0], medians[layer]
    does = "vanish" if faint else "explode"
    words = f"Gradients {does} on their way back: at layer {layer} their norm is {ratio:.2g} of that at the output, at {len(named)} layers it is "
    words += "at most a thousandth." if faint else "a thousandfold or more."
    return Finding(kind, step, layer, words, {"ratio": ratio, "layers": named}, RULES["faint layer" if faint else "strong layer"])


def _against_output(snapshot: Layers) -> dict[str, float]:
    """Of each layer but the last the norm of its gradient over the output's. Where nothing at all comes through, units are dead: another finding."""
    *layers, last = snapshot.gradients.items() or [("", None)]
    reference = last[1]
    return {name: norm / reference for name, norm in layers if norm and reference}


def _strongest(snapshots: Sequence[Layers], step: int) -> str | None:
    """The layer with the largest gradient in the snapshot nearest to a step."""
    for each in sorted(snapshots, key=lambda snapshot: abs(snapshot.step - step)):
        norms = {name: norm for name, norm in each.gradients.items() if norm}
        if norms:
            return max(norms, key=lambda name: norms[name])
    return None


def _dead(snapshots: Sequence[Layers]) -> Finding | None:
    late = snapshots[-max(1, len(snapshots) // 4) :]
    least = {layer: min(each.dead.get(layer, 0.0) for each in late) for layer in (late[-1].dead if late else ())}
    named = [layer for layer, share in least.items() if share >= HALF_DEAD]
    if not named:
        return None
    layer = max(named, key=lambda name: least[name])
    step = next(each.step for each in snapshots if each.dead.get(layer, 0.0) >= HALF_DEAD)
    share = late[-1].dead[layer]
    words = f"{share:.0%} of the units of layer {layer} are dead: they give nothing, whatever the image."
    return Finding("dead_activations", step, layer, words, {"share": share, "layers": named}, RULES["dead"])


def _overfitting(series: Mapping[str, Column]) -> Finding | None:
    train, val = series.get("train/loss"), series.get("val/loss")
    if train is None or val is None or len(val) < FEW_EVALUATIONS or not len(train):
        return None
    if not (np.isfinite(train.values).all() and np.isfinite(val.values).all()):
        return None
    beside = _beside(train, val)
    first, end, trained = float(train.values[0]), float(np.median(val.values[-5:])), float(np.mean(beside[-5:]))
    place = int(np.argmin(val.values))
    least, fell = float(val.values[place]), float(beside[place])
    step = int(val.steps[place])
    figures = {"least val/loss": least, "val/loss": end, "train/loss then": fell, "train/loss": trained}
    if end >= RISE * least and end - least >= RISE_OF_FALL * (first - least) > 0 and trained < fell:
        words = (
            f"Overfitting from step {step} on: val/loss rose from {least:.4g} to {end:.4g} while train/loss fell from {fell:.4g} to {trained:.4g}."
        )
        return Finding("overfitting", step, None, words, figures, RULES["rise"])
    gaps, wide = val.values - beside, GAP_OF_FALL * (first - trained)
    if 0 < wide <= end - trained and 2 * float(gaps[0]) <= end - trained:
        step = int(val.steps[int(np.argmax(gaps >= wide))])
        share = (end - trained) / (first - trained)
        words = f"Overfitting: val/loss ends at {end:.4g}, train/loss at {trained:.4g}; the gap is {share:.0%} of what was learned."
        return Finding("overfitting", step, None, words, {**figures, "gap": end - trained}, RULES["gap"])
    return None


def _beside(train: Column, val: Column) -> NDArray[np.float64]:
    """The mean training loss of the steps since the evaluation before, for each evaluation."""
    ends = np.maximum(np.searchsorted(train.steps, val.steps, side="right"), 1)
    begins = np.minimum(np.concatenate(([0], ends[:-1])), ends - 1)
    sums = np.concatenate(([0.0], np.cumsum(train.values)))
    means: NDArray[np.float64] = (sums[ends] - sums[begins]) / (ends - begins)
    return means


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of a twentieth of the values each, at least one, running."""
    width = max(1, len(values) // 20)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    means: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return means
