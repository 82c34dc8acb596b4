"""What a config will need, before it is queued: memory in bytes, time in seconds. No torch, no numpy."""

from collections import Counter

from trainer import extensions
from trainer.config import RunConfig
from trainer.door import NetworkConfig
from trainer.layout import Layer, layers
from trainer.networks import Mlp
from trainer.optimizers import Sgd

PROCESS_BYTES = 300_000_000  # Python, torch and a forked child's own pages
FLOPS_PER_S = {"float32": 90e9, "float64": 45e9, "bfloat16": 9e9}  # one thread of a server CPU without instructions for bfloat16
CONVOLUTION_SPEED = 0.4  # of that, in convolutions of few channels
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
    products = sum(layer.products for layer in layers(config.model, config.dataset.shape))
    if isinstance(config.model, NetworkConfig):
        products = extensions.weights(config.model, config.dataset.shape)
    evaluations = -(-config.total_iterations // config.eval_every)
    images = config.total_iterations * 3 * config.batch_images + evaluations * config.dataset.val_size  # backward costs twice forward
    speed = FLOPS_PER_S[config.precision] * (1 if isinstance(config.model, Mlp) else CONVOLUTION_SPEED)
    return config.total_iterations * ITERATION_S + 2 * products * images / speed


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

    if isinstance(config.model, NetworkConfig):
        data["/config/model/kind"] += number_bytes * _copies(config) * extensions.weights(config.model, config.dataset.shape)
        return data
    all_layers = layers(config.model, config.dataset.shape)
    copies = _copies(config)
    for layer in all_layers:
        data[_pointer(config, layer)] += number_bytes * copies * (layer.weights + _norm_weights(config, layer))

    passed_bytes = 2 if config.precision == "bfloat16" else number_bytes
    training = [passed_bytes * config.batch_images * _kept(config, layer) for layer in all_layers]
    rows = max(config.dataset.val_size, config.dataset.test_size)
    evaluating = [passed_bytes * rows * (2 * layer.leaves.values + _passing(config, layer)) for layer in all_layers]
    if max(evaluating) > sum(training):  # of an evaluation's layers, one and what enters it lie there at a time
        data[_pointer(config, all_layers[evaluating.index(max(evaluating))], leaves=True)] += max(evaluating)
    else:
        for layer, size in zip(all_layers, training, strict=True):
            data[_pointer(config, layer, leaves=True)] += size
    return data


def _copies(config: RunConfig) -> int:
    """Weights, their gradient, the copy kept as the best, the file on its way out, and the optimizer's own; the state to rewind to."""
    moved = int(config.optimizer.momentum > 0) if isinstance(config.optimizer, Sgd) else 2
    return 4 + moved + (1 + moved if config.on_non_finite == "stop" else 0)


def _norm_weights(config: RunConfig, layer: Layer) -> int:
    return 2 * layer.units * (layer.leaves.values if config.model.norm.kind in ("layer", "rms") else layer.leaves.channels)


def _kept(config: RunConfig, layer: Layer) -> int:
    """Numbers per image kept for the backward pass, and as much again as one of them for their gradients."""
    between = layer.units * (1 + (config.model.norm.kind != "none") + 2 * (config.model.dropout.p > 0))
    return layer.leaves.values * (2 + between) + _passing(config, layer) // 4


def _passing(config: RunConfig, layer: Layer) -> int:
    """Numbers per image that a layer needs while it works: what enters it; a convolution in float64 unfolds that for every pixel of its kernel."""
    unfolds = config.precision == "float64" and not isinstance(config.model, Mlp)
    return layer.enters.values * (layer.kernel**2 if unfolds else 1)


def _pointer(config: RunConfig, layer: Layer, leaves: bool = False) -> str:
    """The size to blame: of a matrix the larger of the two it joins, of what leaves a layer the layer's own."""
    sizes = config.model.sizes
    after = len(sizes) if layer.size is None else layer.size
    beside = [at for at in ((after,) if leaves else (after - 1, after)) if 0 <= at < len(sizes)]
    return f"/config/model/{config.model.sizes_field}/{max(beside, key=lambda at: sizes[at])}" if beside else "/config/dataset/name"
