"""The sizes inside a network: what its layers make of an image, and what they cost. No torch: refusals and estimates are made from it."""

from collections.abc import Iterator
from typing import NamedTuple

from trainer.catalog import DatasetShape
from trainer.door import NetworkConfig
from trainer.networks import Cnn, GroupNorm, InstanceNorm, Mlp, Model, Resnet


class Maps(NamedTuple):
    """What one image is between two layers: feature maps, or a row of features, as channels of one pixel."""

    channels: int
    height: int = 1
    width: int = 1

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def values(self) -> int:
        return self.channels * self.pixels


class Layer(NamedTuple):
    """A linear layer or a convolution, and what stands behind it."""

    enters: Maps
    leaves: Maps
    kernel: int  # pixels along one side; 1 for a linear layer
    size: int | None  # index of its size in the config; None for the head
    units: int = 1  # rounds of activation, norm and dropout on what leaves it

    @property
    def weights(self) -> int:
        return self.enters.channels * self.leaves.channels * self.kernel**2 + self.leaves.channels

    @property
    def products(self) -> int:
        """Multiplications for one image, forward."""
        return self.enters.channels * self.leaves.values * self.kernel**2


def layers(model: Model, shape: DatasetShape) -> list[Layer]:
    """Every layer that has weights, but the norms, in the order in which the network meets them."""
    if isinstance(model, NetworkConfig):  # of another package: what is in it is not known
        return [Layer(Maps(shape.features), Maps(shape.classes), 1, None, units=0)]
    image = Maps(shape.channels, shape.height, shape.width)
    match model:
        case Cnn():
            body = [*_blocks(model, image)]
            left = _pooled(model, body[-1].leaves)
        case Resnet():
            body = [*_stages(model, image)]
            left = Maps(model.channels[-1])  # the mean over the pixels
        case Mlp():
            body = [*_flat(model, image)]
            left = body[-1].leaves if body else image
    return [*body, Layer(Maps(left.values), Maps(shape.classes), 1, None, units=0)]


def misfit(model: Model, shape: DatasetShape, batch_images: int, batch_size: int | str) -> tuple[tuple[str, ...], str, object] | None:
    """Where a network does not go together with its images, what would, and what was got; None where it does."""
    if isinstance(model, NetworkConfig):
        return None
    if isinstance(model, Cnn) and model.pooling != "none":
        fit = min(shape.height, shape.width).bit_length() - 1
        if len(model.channels) > fit:
            sentence = f'takes at most {fit} blocks with pooling of {shape.height}x{shape.width} images; pooling "none" lets more pass'
            return ("model", "channels"), sentence, model.channels
    for maps in _normed(model, shape):
        values = maps.pixels * batch_images
        if model.norm.kind == "batch" and values < 2:
            return ("batch_size",), "takes at least 2 with norm batch: one image has no variance", batch_size
        if isinstance(model.norm, InstanceNorm | GroupNorm) and maps.values // _parts(model.norm, maps) < 2:
            sentence = f"takes another norm: in the smallest feature map, {maps.height}x{maps.width} pixels, {model.norm.kind} norm has one value"
            return ("model", "norm", "kind"), sentence, model.norm.kind
    return None


def _parts(norm: InstanceNorm | GroupNorm, maps: Maps) -> int:
    return norm.groups if isinstance(norm, GroupNorm) else maps.channels


def _normed(model: Model, shape: DatasetShape) -> list[Maps]:
    return [layer.leaves for layer in layers(model, shape)[:-1] if layer.units] if model.norm.kind != "none" else []


def _flat(model: Mlp, image: Maps) -> Iterator[Layer]:
    enters = Maps(image.values)
    for size, width in enumerate(model.hidden):
        yield Layer(enters, Maps(width), 1, size)
        enters = Maps(width)


def _blocks(model: Cnn, enters: Maps) -> Iterator[Layer]:
    for size, channels in enumerate(model.channels):
        leaves = enters._replace(channels=channels)
        yield Layer(enters, leaves, model.kernel, size)
        enters = _pooled(model, leaves)


def _pooled(model: Cnn, maps: Maps) -> Maps:
    return maps if model.pooling == "none" else Maps(maps.channels, maps.height // 2, maps.width // 2)


def residuals(model: Resnet, enters: Maps) -> Iterator[tuple[Layer | None, Layer, Layer]]:
    """For every block the convolution around it, if it changes the shape, and the two within."""
    for size, channels in enumerate(model.channels):
        for block in range(model.blocks):
            halves = size > 0 and block == 0
            leaves = Maps(channels, -(-enters.height // 2), -(-enters.width // 2)) if halves else enters
            around = Layer(enters, leaves, 1, size, units=0) if leaves != enters else None
            yield around, Layer(enters, leaves, 3, size), Layer(leaves, leaves, 3, size)
            enters = leaves


def _stages(model: Resnet, enters: Maps) -> Iterator[Layer]:
    stem = Layer(enters, enters._replace(channels=model.channels[0]), 3, 0)
    yield stem
    for around, first, second in residuals(model, stem.leaves):
        yield from (first, second) if around is None else (first, second, around)
