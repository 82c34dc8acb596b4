"""Looking at every layer of a model while it learns: statistics and histograms of what goes through it, forwards and backwards.

Hooks stand in the model only for the steps that are looked at, and between two of them nothing is kept but how long each unit has been
silent. Nothing here draws a random number or writes to a tensor of the training.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from trainer.diagnostics import Diagnostics
from trainer.events import Snapshot

Layer = dict[str, Any]
MOST_COUNTED = 1 << 20  # values in a histogram; of more, every n-th is counted
DEAD_AFTER = 256  # images in a row without a sign of life
LIMITS: dict[type[nn.Module], tuple[float, float]] = {nn.Tanh: (-1.0, 1.0), nn.Sigmoid: (0.0, 1.0), nn.Softmax: (0.0, 1.0)}
NEAR = 0.01  # of the distance between the two limits


class LayerObserver:
    """Told of each step in its order: `begin`, `after_backward`, `after_step`; emits a Snapshot of those that are due."""

    def __init__(self, wanted: Diagnostics, total_steps: int, model: nn.Module, emit: Callable[[Snapshot], None]) -> None:
        self._wanted, self._total, self._model, self._emit = wanted, total_steps, model, emit
        self._layers = {name: module for name, module in model.named_modules() if not list(module.children())}
        self._silent: dict[str, Tensor] = {}
        self._now: _Looking | None = None

    def begin(self, step: int) -> None:
        """Before the forward pass of training."""
        if self._wanted.is_due(step, self._total):
            self._now = _Looking(step)
            for name, module in self._layers.items():
                self._now.hooks.append(module.register_forward_hook(self._forward(self._now, name)))

    def after_backward(self) -> None:
        """When every gradient is there, none is clipped, and no weight has moved."""
        if self._now is not None:
            self._now.unhook()
            self._now.before = {name: each.detach().clone() for name, each in self._model.named_parameters()}
            for name, each in self._model.named_parameters():
                if each.grad is not None:
                    self._add(self._now, "weight_gradient", name, self._owner(name), each.grad)

    def after_step(self) -> None:
        """When the optimizer has moved the weights."""
        if self._now is None:
            return
        now, self._now = self._now, None
        for name, each in self._model.named_parameters():
            self._add(now, "weight", name, self._owner(name), each, ratio=_ratio(each.detach() - now.before[name], now.before[name]))
        for name, module in self._layers.items():
            for kind in ("running_mean", "running_var"):
                if isinstance(buffer := getattr(module, kind, None), Tensor):
                    self._add(now, kind, name, module, buffer)
        place = {row["layer"]: place for place, row in enumerate(now.layers.get("activation", []))}
        now.layers.get("gradient", []).sort(key=lambda row: place[row["layer"]])  # they came from the last layer to the first
        self._emit(Snapshot(now.step, now.layers))

    def _forward(self, now: "_Looking", name: str) -> Callable[[nn.Module, Any, Any], None]:
        def look(module: nn.Module, _inputs: Any, out: Any) -> None:
            if not isinstance(out, Tensor) or not out.is_floating_point():
                return
            self._add(now, "activation", name, module, out, dead=self._dead(name, module, out))
            if out.requires_grad:
                by_out = out.register_hook(lambda values: self._add(now, "gradient", name, module, values))  # type: ignore[no-untyped-call]
                now.hooks.append(by_out)

        return look

    def _add(self, now: "_Looking", kind: str, name: str, module: nn.Module, values: Tensor, **more: float | None) -> None:
        found = statistics(values.detach(), LIMITS.get(type(module)) if kind == "activation" else None)
        bars = {"histogram": histogram(values.detach(), self._wanted.bins)} if self._wanted.histograms else {}
        now.layers.setdefault(kind, []).append({"layer": name, "module": type(module).__name__, **found, **more, **bars})

    @torch.no_grad()
    def _dead(self, name: str, module: nn.Module, out: Tensor) -> float | None:
        """The share of a ReLU's units (of an image's channels) that gave nothing for so many images in a row; None for other layers."""
        if not isinstance(module, nn.ReLU) or out.dim() < 2:
            return None
        silent_U = (out == 0).transpose(0, 1).flatten(1).all(dim=1)
        before_U = self._silent.get(name)
        if before_U is None or before_U.shape != silent_U.shape:
            before_U = torch.zeros_like(silent_U, dtype=torch.int64)
        self._silent[name] = torch.where(silent_U, before_U + len(out), 0)
        return float((self._silent[name] >= DEAD_AFTER).float().mean().item())

    def _owner(self, parameter: str) -> nn.Module:
        return self._model.get_submodule(parameter.rpartition(".")[0])


@dataclass
class _Looking:
    """A step while it is looked at."""

    step: int
    layers: dict[str, list[Layer]] = field(default_factory=dict)
    before: dict[str, Tensor] = field(default_factory=dict)
    hooks: list[Any] = field(default_factory=list)

    def unhook(self) -> None:
        for hook in self.hooks:
            hook.remove()
        self.hooks.clear()


@torch.no_grad()
def statistics(values: Tensor, limits: tuple[float, float] | None = None) -> dict[str, float | None]:
    """Mean, sd (of a population), least, largest and L2 norm of the finite values; shares of zeros, of those near a limit, of others than finite.

    None where there is no finite value, or no limit.
    """
    flat = _finite(values)
    shares = {"zeros": _share(values == 0), "non_finite": 1.0 - len(flat) / max(1, values.numel())}
    if limits is not None:
        near = NEAR * (limits[1] - limits[0])
        shares["saturated"] = _share((values <= limits[0] + near) | (values >= limits[1] - near))
    if not len(flat):
        return {"mean": None, "sd": None, "min": None, "max": None, "norm": None, **shares}
    sd, mean = torch.std_mean(flat, correction=0)
    low, high = torch.aminmax(flat)
    measured = torch.stack([mean, sd, low, high, torch.linalg.vector_norm(flat)]).tolist()
    return {**dict(zip(("mean", "sd", "min", "max", "norm"), map(_finite_or_none, measured), strict=True)), **shares}


@torch.no_grad()
def histogram(values: Tensor, bins: int) -> Mapping[str, Any] | None:
    """How many of the finite values lie in each of `bins` equal parts of their range; None when there are none. A range of one value is all first."""
    flat = _finite(values)
    if not len(flat):
        return None
    counted = flat[:: 1 + (len(flat) - 1) // MOST_COUNTED]
    low, high = counted.min().item(), counted.max().item()
    width = high - low
    place = ((counted - low) / width * bins).long().clamp_(0, bins - 1) if width > 0 else torch.zeros_like(counted, dtype=torch.int64)
    return {"low": low, "high": high, "counts": torch.bincount(place, minlength=bins).tolist()}


def _finite(values: Tensor) -> Tensor:
    """The finite ones, one after another, as float64: squares of what explodes would overflow."""
    flat = values.flatten().double()
    finite = torch.isfinite(flat)
    return flat if bool(finite.all()) else flat[finite]


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _ratio(moved: Tensor, before: Tensor) -> float | None:
    """The norm of the update over the norm of what was updated; None when that was zero, or either is not finite."""
    update, norm = (torch.linalg.vector_norm(each, dtype=torch.float64).item() for each in (moved, before))
    return _finite_or_none(update / norm) if norm else None


def _share(which: Tensor) -> float:
    return float(which.double().mean().item()) if which.numel() else 0.0
