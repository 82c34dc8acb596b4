"""Training images, varied: a pure function of the seed and the step, so that nothing of it needs saving and a rerun varies them the same.

Shapes: B images of a batch, D numbers of one image, C channels, H and W its height and width.
"""

import hashlib

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.augmentation import Augmentation
from trainer.catalog import DatasetShape


def augmented(x_BD: Tensor, config: Augmentation, shape: DatasetShape, seed: int, step: int) -> Tensor:
    """A copy of a batch: each image mirrored, or not; then moved, with 0 where nothing came to; then with noise added, and not clipped.

    All is drawn on the CPU, from a generator of the step's own and in this order, whatever is switched off: which images are mirrored
    (rand [B]), rows and columns to move by (randint [B, 2]), noise (randn [B, D], only if there is any). The global generator is left alone.
    """
    drawn = torch.Generator().manual_seed(seed_of(seed, step))
    images, shift = len(x_BD), config.shift_pixels
    mirrored_B = torch.rand(images, generator=drawn) < config.flip_p
    moves_B2 = torch.randint(-shift, shift + 1, (images, 2), generator=drawn)
    if shift or config.flip_p:
        i_BP = _sources(mirrored_B, moves_B2, shift, shape.height, shape.width).to(x_BD.device)
        x_BCHW = F.pad(x_BD.reshape(images, shape.channels, shape.height, shape.width), (shift, shift, shift, shift))
        x_BD = x_BCHW.flatten(2).gather(2, i_BP[:, None].expand(-1, shape.channels, -1)).flatten(1)
    if config.noise_sd:
        # In float32 whatever the precision, so that every precision sees the same noise.
        noise_BD = torch.randn(x_BD.shape, generator=drawn, dtype=torch.float32) * config.noise_sd
        x_BD = x_BD + noise_BD.to(x_BD)
    return x_BD


def seed_of(seed: int, step: int) -> int:
    """The seed of a step's generator: 63 bits of a digest, so that it meets no seed of a batch order or of a neighbouring run's steps."""
    return int.from_bytes(hashlib.sha256(f"augmentation|{seed}|{step}".encode()).digest()[:8], "little") >> 1


def _sources(mirrored_B: Tensor, moves_B2: Tensor, shift: int, height: int, width: int) -> Tensor:
    """For every pixel of an image where it comes from, in the image with a border of `shift` around: [B, H * W]."""
    rows_BH = torch.arange(height) + shift - moves_B2[:, :1]
    columns_BW = torch.arange(width) + shift - moves_B2[:, 1:]
    columns_BW = torch.where(mirrored_B[:, None], width + 2 * shift - 1 - columns_BW, columns_BW)
    return (rows_BH[:, :, None] * (width + 2 * shift) + columns_BW[:, None, :]).flatten(1)
