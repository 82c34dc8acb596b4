"""Layers that PyTorch has no class for, or none that does all that is asked of it.

Shapes: B images of a batch, C channels, H and W pixels.
"""

import torch
from torch import Tensor, nn


class ClassicDropout(nn.Module):
    """Zeroes each element with probability p in training, and weakens all by 1 - p at evaluation (Srivastava et al. 2014, section 4).

    If `spatial`, whole channels: [B, C, H, W] in, one draw for each of B * C. On the CPU it draws the very masks that nn.Dropout, or
    nn.Dropout2d, draws from the same generator.
    """

    def __init__(self, p: float, spatial: bool = False) -> None:
        super().__init__()
        self.p = p
        self.spatial = spatial

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x * (1 - self.p)
        mask = torch.empty_like(x[..., :1, :1] if self.spatial else x, memory_format=torch.contiguous_format)
        return x * mask.bernoulli_(1 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}, spatial={self.spatial}"


class RmsNorm(nn.RMSNorm):
    """PyTorch's, computed in the type of its weight and handed on in the type of its input: under autocast the two differ."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype)).to(x.dtype)


class Residual(nn.Module):
    """x + body(x); where the body changes the shape, a convolution `around` it changes x likewise."""

    def __init__(self, body: nn.Sequential, around: nn.Module | None) -> None:
        super().__init__()
        self.body = body
        self.around = around

    def forward(self, x_BCHW: Tensor) -> Tensor:
        beside: Tensor = x_BCHW if self.around is None else self.around(x_BCHW)
        inside: Tensor = self.body(x_BCHW)
        return beside + inside


class PixelMean(nn.Module):
    """The mean over all pixels: [B, C, H, W] in, [B, C] out."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW.mean(dim=(2, 3))
