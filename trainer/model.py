"""The neural network of a config.

Each is a flat `nn.Sequential`; only the residual blocks of a `resnet` are modules of their own in it. Layers that do nothing (norm none,
p = 0, pooling none) are left out, so that a state dict's names are those that the same network written by hand would have:

    mlp     [Linear, ReLU, norm, dropout] for every hidden layer, Linear
    cnn     Unflatten, [Conv2d, ReLU, norm, dropout, MaxPool2d] for every block, Flatten, Linear
    resnet  Unflatten, Conv2d, [Residual(ReLU, norm, dropout, Conv2d, ReLU, norm, dropout, Conv2d)] for every block,
            ReLU, norm, dropout, PixelMean, Linear

With `before_activation` the norm stands before the ReLU; a softmax comes last if asked for. Images come in flat, in the order channels, height,
width.
"""

import torch
from torch import nn

from trainer import extensions
from trainer import networks as nets
from trainer.catalog import DatasetShape
from trainer.config import RunConfig
from trainer.door import NetworkConfig
from trainer.layers import ClassicDropout, PixelMean, Residual, RmsNorm
from trainer.layout import Maps, layers, residuals
from trainer.networks import Cnn, Mlp, Model, Resnet
from trainer.precision import weight_type

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh}
POOLS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


def build(config: RunConfig) -> nn.Module:
    """A new model on the CPU, its weights a function of the seed alone.

    Weights are drawn in float32 whatever the precision, and norm and dropout draw none: runs of one seed begin at the same weights.
    """
    torch.manual_seed(config.seed)
    shape = config.dataset.shape
    model = _of_another(config.model, shape) if isinstance(config.model, NetworkConfig) else _network(config.model, shape)
    return model.to(weight_type(config))


def _of_another(config: NetworkConfig, shape: DatasetShape) -> nn.Module:
    """Raises RuntimeError, with the package's name, for what is no network."""
    extension = extensions.MODELS[config.kind]  # type: ignore[attr-defined]
    model = extensions.function(extension)(config, shape)
    if not isinstance(model, nn.Module) or not any(True for _ in model.parameters()):
        said = f"{extension.function} of the package {extension.package}"
        raise RuntimeError(f"{said} gave a {type(model).__name__}, not a torch.nn.Module with parameters")
    return model


def _network(config: Model, shape: DatasetShape) -> nn.Sequential:
    match config:
        case Cnn():
            body = _cnn(config, shape)
        case Resnet():
            body = _resnet(config, shape)
        case _:
            body = _mlp(config, shape)
    head = nn.Linear(layers(config, shape)[-1].enters.values, shape.classes)
    return nn.Sequential(*body, head, *([nn.Softmax(dim=1)] if config.output == "softmax" else []))


def _mlp(config: Mlp, shape: DatasetShape) -> list[nn.Module]:
    body: list[nn.Module] = []
    for layer in layers(config, shape)[:-1]:
        body += [nn.Linear(layer.enters.channels, layer.leaves.channels), *_unit(config, layer.leaves)]
    return body


def _cnn(config: Cnn, shape: DatasetShape) -> list[nn.Module]:
    body: list[nn.Module] = [_images(shape)]
    for layer in layers(config, shape)[:-1]:
        body += [_convolution(layer.enters, layer.leaves, config.kernel), *_unit(config, layer.leaves)]
        body += [] if config.pooling == "none" else [POOLS[config.pooling](2)]
    return [*body, nn.Flatten()]


def _resnet(config: Resnet, shape: DatasetShape) -> list[nn.Module]:
    stem = layers(config, shape)[0]
    body: list[nn.Module] = [_images(shape), _convolution(stem.enters, stem.leaves, stem.kernel)]
    leaves = stem.leaves
    for around, first, second in residuals(config, stem.leaves):
        inside: list[nn.Module] = []
        for layer in (first, second):
            inside += [*_unit(config, layer.enters), _convolution(layer.enters, layer.leaves, layer.kernel)]
        body.append(Residual(nn.Sequential(*inside), None if around is None else _convolution(around.enters, around.leaves, around.kernel)))
        leaves = second.leaves
    return [*body, *_unit(config, leaves), PixelMean()]


def _images(shape: DatasetShape) -> nn.Unflatten:
    return nn.Unflatten(1, (shape.channels, shape.height, shape.width))


def _convolution(enters: Maps, leaves: Maps, kernel: int) -> nn.Conv2d:
    stride = 2 if leaves.pixels < enters.pixels else 1
    return nn.Conv2d(enters.channels, leaves.channels, kernel, stride=stride, padding=kernel // 2)


def _unit(config: Model, maps: Maps) -> list[nn.Module]:
    """Activation, norm and dropout on what a layer leaves."""
    activation, norm = [ACTIVATIONS[config.activation]()], _norm(config.norm, maps, flat=isinstance(config, Mlp))
    after = config.norm_position == "after_activation"
    return [*activation, *norm, *_dropout(config.dropout)] if after else [*norm, *activation, *_dropout(config.dropout)]


def _norm(config: nets.AnyNorm, maps: Maps, flat: bool) -> list[nn.Module]:
    whole = maps.channels if flat else tuple(maps)
    match config:
        case nets.BatchNorm():
            layer = nn.BatchNorm1d if flat else nn.BatchNorm2d
            return [layer(maps.channels, eps=config.eps, momentum=config.momentum)]
        case nets.LayerNorm():
            return [nn.LayerNorm(whole, eps=config.eps)]
        case nets.GroupNorm():
            return [nn.GroupNorm(config.groups, maps.channels, eps=config.eps)]
        case nets.InstanceNorm():
            return [nn.InstanceNorm2d(maps.channels, eps=config.eps)]
        case nets.RmsNorm():
            return [RmsNorm(whole, eps=config.eps)]
        case nets.NoNorm():
            return []


def _dropout(config: nets.Dropout) -> list[nn.Module]:
    if config.p == 0:
        return []
    if config.scaling == "classic":
        return [ClassicDropout(config.p, config.spatial)]
    return [nn.Dropout2d(config.p) if config.spatial else nn.Dropout(config.p)]
