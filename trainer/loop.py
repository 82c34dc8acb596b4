"""Training itself: a generator that yields what every step measured.

Shapes: B images of a batch, N images of a part, D numbers of one image, C classes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.config import RunConfig
from trainer.data import Data, Part
from trainer.observer import Observer
from trainer.optim import clip_gradients, make_optimizer
from trainer.order import BatchOrder
from trainer.precision import forward
from trainer.schedule import make_schedule


@dataclass(frozen=True, slots=True)
class Measured:
    """One optimizer step: its metrics, whether its weights are the best so far, and whether and why it is the last before time."""

    step: int  # 0-based
    metrics: dict[str, float]
    best: bool = False
    stop: Literal["early", "non-finite"] | None = None
    reason: str | None = None


def train(config: RunConfig, model: nn.Module, data: Data, order: BatchOrder, observer: Observer | None = None) -> Iterator[Measured]:
    """Trains the model where it lies, a step per item. Draws no random number but the dropout masks."""
    parameters = [each for each in model.parameters() if each.requires_grad]
    optimizer = make_optimizer(config, parameters, data.train.x_ND.device)
    schedule = make_schedule(config, optimizer)
    best = Watch(config.best_metric.metric, config.best_metric.goal)
    early = Watch(config.early_stopping.metric, config.early_stopping.goal) if config.early_stopping else None
    patience = config.early_stopping.patience if config.early_stopping else 0

    model.train()
    for step in range(config.total_iterations):
        last = step == config.total_iterations - 1
        batch = order.batch(step)

        if observer is not None:
            observer.begin(step)
        optimizer.zero_grad()
        logits_BC = forward(config, model, batch.x_ND)
        loss = F.cross_entropy(logits_BC, batch.target, label_smoothing=config.loss.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        if observer is not None:
            observer.after_backward()
        norm = gradient_norm(parameters)
        metrics = {
            "train/loss": loss.item(),
            "train/accuracy": accuracy(logits_BC, batch.y_N),
            "lr": float(optimizer.param_groups[0]["lr"]),
            "grad/norm": norm.item(),
        }
        clip_gradients(config, parameters, norm)
        optimizer.step()
        if observer is not None:
            observer.after_step()

        evaluated = last or (step + 1) % config.eval_every == 0
        if evaluated:
            metrics["val/loss"], metrics["val/accuracy"] = evaluate(model, data.val, config)
        improved = evaluated and best.improves(metrics)
        stop: Literal["early", "non-finite"] | None = None
        reason = None
        if early and evaluated and not early.improves(metrics) and early.waited >= patience and not last:
            stop, reason = "early", f"{early.metric} did not improve in {patience} evaluations; its best is {early.held!r}"
        if config.on_non_finite == "stop" and (sick := non_finite(metrics)):
            stop, reason = "non-finite", f"{sick} became {spoken(metrics[sick])} at step {step}, and on_non_finite is stop"
        if data.test is not None and (last or stop):
            metrics["test/loss"], metrics["test/accuracy"] = evaluate(model, data.test, config)
        yield Measured(step, metrics, improved, stop, reason)
        if stop:
            return

        schedule.step(metrics)


@torch.no_grad()
def evaluate(model: nn.Module, part: Part, config: RunConfig) -> tuple[float, float]:
    """Loss and accuracy over a whole part as one batch, in evaluation mode; the model goes back to training mode."""
    model.eval()
    logits_NC = forward(config, model, part.x_ND)
    loss = F.cross_entropy(logits_NC, part.target, label_smoothing=config.loss.label_smoothing).item()
    model.train()
    return loss, accuracy(logits_NC, part.y_N)


def accuracy(logits_BC: Tensor, y_B: Tensor) -> float:
    """Share of images whose largest output is their class, 0 to 1."""
    return (logits_BC.argmax(dim=1) == y_B).float().mean().item()


def gradient_norm(parameters: list[nn.Parameter]) -> Tensor:
    """L2 norm over all gradients together: the norm of the norms."""
    norms = [torch.linalg.vector_norm(each.grad) for each in parameters if each.grad is not None]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return norm


def non_finite(metrics: dict[str, float]) -> str | None:
    """The loss that is no finite number, if one is."""
    return next((name for name in ("train/loss", "val/loss") if name in metrics and not math.isfinite(metrics[name])), None)


def spoken(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"


class Watch:
    """The best value of a metric so far, and how many evaluations have passed since. NaN is never better."""

    def __init__(self, metric: str, goal: Literal["min", "max"]) -> None:
        self.metric = metric
        self.held: float | None = None
        self.waited = 0
        self._sign = 1 if goal == "min" else -1

    def improves(self, metrics: dict[str, float]) -> bool:
        value = metrics[self.metric]
        better = not math.isnan(value) and (self.held is None or self._sign * value < self._sign * self.held)
        self.held, self.waited = (value, 0) if better else (self.held, self.waited + 1)
        return better
