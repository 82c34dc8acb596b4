"""Which training images each step learns from: a pure function of the seed and the step, so that nothing of it needs saving."""

from dataclasses import replace

import torch
from torch import Tensor

from trainer.augment import augmented
from trainer.config import RunConfig
from trainer.data import Part
from trainer.digests import RunningDigest

EPOCH_STRIDE = 1_000_003  # seeds of one run's epochs lie this far from the next run's


class BatchOrder:
    """Batches by step, and a digest of every permutation used so far."""

    def __init__(self, config: RunConfig, train: Part) -> None:
        self._config = config
        self._seed = config.seed
        self._train = train
        self._images = len(train.y_N)
        self._batch_images = config.batch_images
        self._full = config.batch_size == "full"
        self._go_back()

    def batch(self, step: int) -> Part:
        """The images of a step, varied if the config says so. Steps must be asked for in their order: the digest runs along."""
        chosen, vary = self._chosen(step), self._config.augmentation
        if vary is None:
            return chosen
        return replace(chosen, x_ND=augmented(chosen.x_ND, vary, self._config.dataset.shape, self._config.seed, step))

    def _chosen(self, step: int) -> Part:
        if self._full:
            return self._train
        epoch, position = divmod(step, self._images // self._batch_images)  # a last partial batch is dropped
        if epoch != self._epoch:
            self._begin(epoch)
        begin = position * self._batch_images
        return self._train.take(self._i_N[begin : begin + self._batch_images])

    def go_to(self, step: int) -> None:
        """As if all batches before this step had been asked for, and none after."""
        self._go_back()
        epochs = 0 if self._full or step == 0 else (step - 1) // (self._images // self._batch_images) + 1
        for epoch in range(epochs):
            self._begin(epoch)

    def digest(self) -> str:
        return self._used.hexdigest()

    def _go_back(self) -> None:
        self._epoch = -1
        self._i_N = torch.empty(0, dtype=torch.int64)
        self._used = RunningDigest()
        if self._full:
            self._used.add_text(f"every step takes all {self._images} images in the order of the split")

    def _begin(self, epoch: int) -> None:
        i_N = self._permutation(epoch)
        self._used.add(i_N)
        self._epoch = epoch
        device = self._train.x_ND.device
        self._i_N = i_N.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else i_N

    def _permutation(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(self._seed * EPOCH_STRIDE + epoch)
        return torch.randperm(self._images, generator=generator)
