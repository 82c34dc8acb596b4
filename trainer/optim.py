"""The optimizer and the scheduler of a config, with every flag that could change bits written out."""

from collections.abc import Iterable

import torch
from torch.nn import Parameter
from torch.optim import SGD, Optimizer
from torch.optim import Adam as TorchAdam
from torch.optim.lr_scheduler import ExponentialLR, LinearLR, LRScheduler, StepLR

from trainer.config import Adam, Exponential, Linear, RunConfig, Step


def make_optimizer(config: RunConfig, parameters: Iterable[Parameter], device: torch.device) -> Optimizer:
    """PyTorch's own optimizer with the bits of its defaults: fused Adam, faster by half on small batches, rounds otherwise."""
    wanted, foreach = config.optimizer, device.type == "cuda"
    if isinstance(wanted, Adam):
        return TorchAdam(parameters, lr=wanted.lr, betas=wanted.betas, eps=wanted.eps, weight_decay=wanted.weight_decay, foreach=foreach, fused=False)
    return SGD(
        parameters,
        lr=wanted.lr,
        momentum=wanted.momentum,
        nesterov=wanted.nesterov,
        weight_decay=wanted.weight_decay,
        foreach=foreach,
        fused=False,
    )


def make_scheduler(config: RunConfig, optimizer: Optimizer) -> LRScheduler | None:
    """PyTorch's scheduler, stepped every iteration; None for a constant learning rate.

    The rates are taken from it and never computed: its recursions differ from the closed forms in the last bits.
    """
    match config.scheduler:
        case Exponential(gamma=gamma):
            return ExponentialLR(optimizer, gamma=gamma)
        case Linear(start_factor=start, end_factor=end, total_iterations=iterations):
            return LinearLR(optimizer, start_factor=start, end_factor=end, total_iters=iterations or config.total_iterations)
        case Step(step_size=size, gamma=gamma):
            return StepLR(optimizer, step_size=size, gamma=gamma)
    return None
