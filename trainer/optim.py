"""The optimizer and the scheduler of a config, with every flag that could change bits written out."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import SGD, Optimizer
from torch.optim import Adam as TorchAdam
from torch.optim.lr_scheduler import ExponentialLR, LinearLR, LRScheduler, StepLR

from trainer.config import Adam, Exponential, Linear, RunConfig, Step


def make_optimizer(config: RunConfig, parameters: Iterable[Parameter], device: torch.device) -> Optimizer:
    """PyTorch's own optimizer with the bits of its defaults: fused Adam, faster by half on small batches, rounds otherwise.

    So does fused SGD with momentum; without, it gives the same bits in one pass (on a CPU; tests/trainer/test_optim.py holds it to that).
    """
    wanted, foreach = config.optimizer, device.type == "cuda"
    if isinstance(wanted, Adam):
        return TorchAdam(parameters, lr=wanted.lr, betas=wanted.betas, eps=wanted.eps, weight_decay=wanted.weight_decay, foreach=foreach, fused=False)
    fused = device.type == "cpu" and wanted.momentum == 0
    return SGD(
        parameters,
        lr=wanted.lr,
        momentum=wanted.momentum,
        nesterov=wanted.nesterov,
        weight_decay=wanted.weight_decay,
        foreach=foreach,
        fused=fused,
    )


class Schedule:
    """PyTorch's scheduler, stepped every iteration; a constant learning rate has none.

    The rates are taken from it and never computed: its recursions differ from the closed forms in the last bits.
    """

    def __init__(self, scheduler: LRScheduler | None) -> None:
        self._scheduler = scheduler

    def step(self, metrics: Mapping[str, float]) -> None:
        """After every step; `metrics` are those of a step that was evaluated, else empty."""
        if self._scheduler is not None:
            self._scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {} if self._scheduler is None else self._scheduler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if self._scheduler is not None:
            self._scheduler.load_state_dict(dict(state))


def make_schedule(config: RunConfig, optimizer: Optimizer) -> Schedule:
    return Schedule(_scheduler(config, optimizer))


def _scheduler(config: RunConfig, optimizer: Optimizer) -> LRScheduler | None:
    match config.scheduler:
        case Exponential(gamma=gamma):
            return ExponentialLR(optimizer, gamma=gamma)
        case Linear(start_factor=start, end_factor=end, total_iterations=iterations):
            return LinearLR(optimizer, start_factor=start, end_factor=end, total_iters=iterations or config.total_iterations)
        case Step(step_size=size, gamma=gamma):
            return StepLR(optimizer, step_size=size, gamma=gamma)
    return None
