"""The neural network of a config.

An `mlp` is one flat `nn.Sequential`: for every hidden layer Linear, ReLU, norm, dropout (or Linear, norm, ReLU, dropout), then the
linear head, then the softmax if asked for. Layers that do nothing (norm none, p = 0) are left out, so a state dict's names are those
that the same network written by hand would have.
"""

import torch
from torch import Tensor, nn

from trainer.config import BatchNorm, Dropout, LayerNorm, Mlp, RunConfig


def build(config: RunConfig) -> nn.Sequential:
    """A new model on the CPU, its weights a function of the seed alone.

    Weights are drawn in float32 whatever the precision, and norm and dropout draw none: runs of one seed begin at the same weights.
    """
    shape = config.dataset.shape
    torch.manual_seed(config.seed)
    model = _mlp(config.model, shape.features, shape.classes)
    return model.to(getattr(torch, config.precision))


def _mlp(config: Mlp, features: int, classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in config.hidden:
        linear, norm, activation = nn.Linear(features, width), _norm(config.norm, width), nn.ReLU()
        after = config.norm_position == "after_activation"
        layers += [linear, activation, *norm] if after else [linear, *norm, activation]
        layers += _dropout(config.dropout)
        features = width
    head = nn.Linear(features, classes)
    return nn.Sequential(*layers, head, *([nn.Softmax(dim=1)] if config.output == "softmax" else []))


def _norm(config: object, width: int) -> list[nn.Module]:
    match config:
        case BatchNorm():
            return [nn.BatchNorm1d(width, eps=config.eps, momentum=config.momentum)]
        case LayerNorm():
            return [nn.LayerNorm(width, eps=config.eps)]
    return []


def _dropout(config: Dropout) -> list[nn.Module]:
    if config.p == 0:
        return []
    return [nn.Dropout(config.p) if config.scaling == "inverted" else ClassicDropout(config.p)]


class ClassicDropout(nn.Module):
    """Zeroes each element with probability p in training, and weakens all by 1 - p at evaluation (Srivastava et al. 2014, section 4).

    On the CPU it draws the very masks that nn.Dropout draws from the same generator.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x_BD: Tensor) -> Tensor:
        if self.training:
            return x_BD * torch.empty_like(x_BD).bernoulli_(1 - self.p)
        return x_BD * (1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}"
