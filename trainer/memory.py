"""What a config will need, before it is queued: memory in bytes, time in seconds. No torch, no numpy."""

import itertools
from collections import Counter

from trainer.config import Adam, RunConfig

PROCESS_BYTES = 300_000_000  # Python, torch and a forked child's own pages
FLOPS_PER_S = {"float32": 90e9, "float64": 45e9}  # one thread of a 2024 server CPU, in large matrix products
ITERATION_S = 0.0006  # Python and kernel starts of one small step


class TooMuchMemory(ValueError):
    """A config whose estimate exceeds what this deployment allows; `pointer` names the field that weighs most."""

    def __init__(self, estimated_mb: int, limit_mb: int, pointer: str) -> None:
        self.estimated_mb = estimated_mb
        self.limit_mb = limit_mb
        self.pointer = pointer
        super().__init__(f"this run would need about {estimated_mb} MB of memory; a run may take {limit_mb} MB here")


def check_memory(config: RunConfig, limit_mb: int) -> None:
    """Returns when the config fits. Raises TooMuchMemory otherwise."""
    estimated_mb = -(-estimate_memory_bytes(config) // 1_000_000)
    if estimated_mb > limit_mb:
        pointer, _ = _bytes_by_pointer(config).most_common(1)[0]
        raise TooMuchMemory(estimated_mb, limit_mb, pointer)


def estimate_memory_bytes(config: RunConfig) -> int:
    """Resident memory of the training process at its peak, to within a factor of about 1.5."""
    return PROCESS_BYTES + _bytes_by_pointer(config).total()


def estimate_duration_s(config: RunConfig) -> float:
    """Training time on one quiet CPU thread; says hours from minutes, no more."""
    widths = _widths(config)
    products = sum(before * after for before, after in itertools.pairwise(widths))
    evaluations = -(-config.total_iterations // config.eval_every)
    flops = config.total_iterations * 6 * products * config.batch_images + evaluations * 2 * products * config.dataset.val_size
    return config.total_iterations * ITERATION_S + flops / FLOPS_PER_S[config.precision]


def _widths(config: RunConfig) -> list[int]:
    """Features in, hidden layers, classes out."""
    shape = config.dataset.shape
    return [shape.features, *config.model.hidden, shape.classes]


def _bytes_by_pointer(config: RunConfig) -> Counter[str]:
    """Bytes by the field of the config that asks for them."""
    number_bytes = 8 if config.precision == "float64" else 4
    images, features = config.dataset.shape.images, config.dataset.shape.features
    # The images lie there once as bytes, once as numbers, and once more in the parts of the split; a mini-batch is a copy.
    data = Counter({"/config/dataset/name": images * features * (1 + 2 * number_bytes)})
    if config.batch_size != "full":
        data["/config/batch_size"] += config.batch_size * features * number_bytes
    if config.augmentation is not None:
        data["/config/augmentation/shift_pixels"] += config.batch_images * config.augmentation.numbers(config.dataset.shape) * number_bytes

    # Weights, their gradient, the copy kept as the best, the file on its way out, and the optimizer's own.
    copies = 4 + (2 if isinstance(config.optimizer, Adam) else int(config.optimizer.momentum > 0))
    # Kept for the backward pass: linear, activation, norm, dropout and its mask, and as much again for their gradients.
    activations = config.batch_images * (2 + 1 + (config.model.norm.kind != "none") + 2 * (config.model.dropout.p > 0))
    rows = max(activations, 3 * config.dataset.val_size, 3 * config.dataset.test_size)
    widths = _widths(config)
    for layer, (before, after) in enumerate(itertools.pairwise(widths)):
        data[_pointer(config, layer)] += number_bytes * copies * (before * after + after)
        data[_pointer(config, layer, after_only=True)] += number_bytes * rows * after
    return data


def _pointer(config: RunConfig, layer: int, after_only: bool = False) -> str:
    """The hidden layer to blame for a matrix: the wider of the two it joins."""
    hidden = config.model.hidden
    beside = [at for at in ((layer,) if after_only else (layer - 1, layer)) if 0 <= at < len(hidden)]
    return f"/config/model/hidden/{max(beside, key=lambda at: hidden[at])}" if beside else "/config/dataset/name"
