"""The optimizer of a config, with every flag that could change bits written out, and the clipping of gradients before its step."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grads_with_norm_
from torch.optim import SGD, Optimizer
from torch.optim import Adam as TorchAdam
from torch.optim import AdamW as TorchAdamW

from trainer.config import RunConfig
from trainer.optimizers import Adam, AdamW


def make_optimizer(config: RunConfig, parameters: Iterable[Parameter], device: torch.device) -> Optimizer:
    """PyTorch's own optimizer with the bits of its defaults: fused Adam, faster by half on small batches, rounds otherwise.

    So does fused SGD with momentum; without, it gives the same bits in one pass (on a CPU; tests/trainer/test_optim.py holds it to that).
    """
    wanted, foreach = config.optimizer, device.type == "cuda"
    if isinstance(wanted, Adam | AdamW):
        kind = TorchAdam if isinstance(wanted, Adam) else TorchAdamW
        return kind(parameters, lr=wanted.lr, betas=wanted.betas, eps=wanted.eps, weight_decay=wanted.weight_decay, foreach=foreach, fused=False)
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


def clip_gradients(config: RunConfig, parameters: Iterable[Parameter], norm: Tensor) -> None:
    """Shortens all gradients together to the config's grad_clip, if it has one and their L2 norm, given, is larger."""
    if config.grad_clip is not None:
        clip_grads_with_norm_(parameters, config.grad_clip, norm, foreach=norm.device.type == "cuda")
