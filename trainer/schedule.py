"""The learning rate of a run, step by step: PyTorch's own schedulers, with a warmup in front.

The rates are taken from them and never computed: their recursions differ from the closed forms in the last bits.
"""

import math
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from trainer import schedulers as plans
from trainer.config import RunConfig


class Schedule:
    """Moves the learning rate of an optimizer. To be stepped after every iteration with what it measured.

    Its state is plain JSON and all that a resumed run needs beside the config: make optimizer and schedule from the config, load both states.
    """

    def __init__(self, optimizer: Optimizer, by_step: LRScheduler | None, plateau: ReduceLROnPlateau | None, metric: str, warmup: int) -> None:
        self._optimizer = optimizer
        self._by_step = by_step
        self._plateau = plateau
        self._metric = metric
        self._warmup = warmup
        self._steps = 0

    def step(self, metrics: Mapping[str, float]) -> None:
        """The rate of the next step. `metrics` holds `val/...` when this step was followed by an evaluation."""
        self._steps += 1
        if self._by_step is not None and (self._plateau is None or self._steps <= self._warmup):
            self._by_step.step()
        elif self._plateau is not None and "val/loss" in metrics:
            self._plateau.step(metrics[self._metric])

    def state_dict(self) -> dict[str, Any]:
        """What the config does not tell: counters, the best metric, the rates in force. Numbers that JSON lacks are strings."""
        rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        return {"steps": self._steps, "rates": rates, "schedulers": [_counters(each) for each in self._all()]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._steps = state["steps"]
        for scheduler, counters in zip(self._all(), state["schedulers"], strict=True):
            scheduler.__dict__.update({name: float(value) if isinstance(value, str) else value for name, value in counters.items()})
        for group, rate in zip(self._optimizer.param_groups, state["rates"], strict=True):
            group["lr"] = rate

    def _all(self) -> list[LRScheduler]:
        inner = self._by_step._schedulers if isinstance(self._by_step, SequentialLR) else []
        return [each for each in (self._by_step, *inner, self._plateau) if each is not None]


COUNTERS = ("last_epoch", "_step_count", "_last_lr", "best", "num_bad_epochs", "cooldown_counter")


def _counters(scheduler: LRScheduler) -> dict[str, Any]:
    held = {name: getattr(scheduler, name) for name in COUNTERS if hasattr(scheduler, name)}
    return {name: repr(value) if isinstance(value, float) and not math.isfinite(value) else value for name, value in held.items()}


def make_schedule(config: RunConfig, optimizer: Optimizer) -> Schedule:
    """The schedule of a config over a new optimizer, whose rate it sets to that of step 0."""
    plan, warmup = config.scheduler, config.scheduler.warmup_iterations
    if isinstance(plan, plans.Plateau):
        plateau = ReduceLROnPlateau(optimizer, mode=plan.goal, factor=plan.factor, patience=plan.patience)
        return Schedule(optimizer, _warmed(optimizer, None, warmup), plateau, plan.metric, warmup)
    return Schedule(optimizer, _warmed(optimizer, _scheduler(config, optimizer), warmup), None, "", warmup)


def _scheduler(config: RunConfig, optimizer: Optimizer) -> LRScheduler | None:
    """None for a constant learning rate."""
    plan = config.scheduler
    length = config.total_iterations - plan.warmup_iterations
    match plan:
        case plans.Exponential():
            return ExponentialLR(optimizer, gamma=plan.gamma)
        case plans.Linear():
            return LinearLR(optimizer, plan.start_factor, plan.end_factor, total_iters=plan.total_iterations or length)
        case plans.Step():
            return StepLR(optimizer, step_size=plan.step_size, gamma=plan.gamma)
        case plans.MultiStep():
            return MultiStepLR(optimizer, milestones=list(plan.milestones), gamma=plan.gamma)
        case plans.Cosine():
            return CosineAnnealingLR(optimizer, T_max=plan.total_iterations or length, eta_min=plan.min_lr)
        case plans.OneCycle():
            peak = plan.max_lr or config.optimizer.lr
            return OneCycleLR(optimizer, max_lr=peak, total_steps=length, pct_start=plan.pct_start, cycle_momentum=False)
    return None


def _warmed(optimizer: Optimizer, scheduler: LRScheduler | None, iterations: int) -> LRScheduler | None:
    """The scheduler behind a rise over so many iterations: step i of it takes (i + 1) / (iterations + 1) of the rate behind it."""
    if iterations == 0:
        return scheduler
    rise = LinearLR(optimizer, start_factor=1 / (iterations + 1), end_factor=1.0, total_iters=iterations)
    return SequentialLR(optimizer, [rise, scheduler or ConstantLR(optimizer, factor=1.0)], milestones=[iterations])
