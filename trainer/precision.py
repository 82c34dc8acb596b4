"""In which types a run computes.

float32, float64: everything in that type. bfloat16: the network's forward pass, in training and at evaluation, runs under PyTorch's autocast
to bfloat16: linear layers and convolutions round what enters them and their weights to bfloat16 and hand on bfloat16; what stands between
them works on that, with weights and running statistics in float32. The outputs are then taken as float32, in which the loss, the gradients of
the weights, their norm, the optimizer, the weights themselves and their files are.
"""

import torch
from torch import Tensor, nn

from trainer.config import RunConfig


def weight_type(config: RunConfig) -> torch.dtype:
    """The type of the images, the weights, the loss and the gradients."""
    return torch.float64 if config.precision == "float64" else torch.float32


def forward(config: RunConfig, model: nn.Module, x_BD: Tensor) -> Tensor:
    """The network's outputs for images [B, D], in the type of its weights."""
    if config.precision != "bfloat16":
        outputs: Tensor = model(x_BD)
        return outputs
    with torch.autocast(x_BD.device.type, dtype=torch.bfloat16):
        outputs = model(x_BD)
    return outputs.to(weight_type(config))
