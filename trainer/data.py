"""Labelled images, their split, and the order in which batches are drawn.

Shapes: N images of a part, D numbers of one image (height * width * channels), B images of a batch, C classes.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.catalog import DatasetShape
from trainer.config import Dataset, RunConfig
from trainer.library import DatasetMissing as DatasetMissing
from trainer.library import Images as Images
from trainer.library import here
from trainer.precision import weight_type
from trainer.wheels import FILES as FILES
from trainer.wheels import decoded as decoded


def images_of(dataset: Dataset) -> Images:
    """The images that a config names, uploaded or not. Raises DatasetMissing."""
    return here().open(dataset.content) if dataset.content else decoded(dataset.name, dataset.options)


@dataclass(frozen=True)
class Part:
    """Images of one part of the split, ready to be learned from."""

    x_ND: Tensor
    y_N: Tensor  # class numbers, int64
    target: Tensor  # what the loss compares with: y_N itself, or one-hot vectors [N, C]

    def take(self, i_B: Tensor) -> "Part":
        """A batch of these images; a copy."""
        y_B = self.y_N.index_select(0, i_B)
        return Part(self.x_ND.index_select(0, i_B), y_B, y_B if self.target is self.y_N else self.target.index_select(0, i_B))


@dataclass(frozen=True)
class Data:
    train: Part
    val: Part
    test: Part | None
    indices: dict[str, Tensor]  # which images each part holds


def split(config: RunConfig) -> dict[str, Tensor]:
    """Indices of the images of each part, in permuted order: validation first, then test, the rest is for training."""
    of, generator = config.dataset, torch.Generator().manual_seed(config.dataset.split_seed)
    permuted = torch.randperm(of.shape.images, generator=generator)
    held_out = of.val_size + of.test_size
    return {"train": permuted[held_out:], "val": permuted[: of.val_size], "test": permuted[of.val_size : held_out]}


def load(config: RunConfig, device: torch.device) -> Data:
    """The data of a run on its device, in its precision."""
    images, indices = images_of(config.dataset), split(config)
    parts = {name: _part(images, config, i_N, device) for name, i_N in indices.items()}
    return Data(parts["train"], parts["val"], parts["test"] if config.dataset.test_size else None, indices)


def _part(images: Images, config: RunConfig, i_N: Tensor, device: torch.device) -> Part:
    shape: DatasetShape = config.dataset.shape
    precision = weight_type(config)
    # Divided on the CPU: a GPU would multiply by the reciprocal, which rounds otherwise.
    x_ND = torch.from_numpy(flat(images.x[i_N.numpy()])).to(precision) / shape.scale
    y_N = torch.from_numpy(images.y[i_N.numpy()]).to(device)
    return Part(x_ND.to(device), y_N, F.one_hot(y_N, shape.classes).to(precision) if config.loss.targets == "one_hot" else y_N)


def flat(x: np.ndarray) -> np.ndarray:
    """Images as rows of numbers [n, D], in the order channel, row, column, whatever order they are kept in."""
    by_channel = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
    return np.ascontiguousarray(by_channel).reshape(len(x), math.prod(x.shape[1:]))
