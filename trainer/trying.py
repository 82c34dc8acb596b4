"""One layer on one input, before and after: the pictures by which normalization and dropout are explained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainer import determinism, library
from trainer.config import RunConfig
from trainer.data import load
from trainer.events import Ended, Event, Probed
from trainer.layers import ClassicDropout
from trainer.networks import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RmsNorm
from trainer.observer import histogram, statistics
from trainer.order import BatchOrder
from trainer.probe import DropoutLayer, OfRun, Probe

BINS = 50
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "softmax": lambda: nn.Softmax(dim=1),
}


def carry_out(emit: Callable[[Event], None], probe: dict[str, Any], config: dict[str, Any] | None, datasets: str | None = None) -> int:
    """The exit code: what a worker's child is told to do. `config` is that of the run whose images are taken, `datasets` the folder they lie in."""
    if datasets is not None:
        library.use(Path(datasets))
    determinism.prepare_environment(1)
    determinism.make_deterministic(1)
    emit(Probed(tried(Probe.model_validate(probe), RunConfig.model_validate(config) if config else None)))
    emit(Ended("finished", None, None))
    return 0


@torch.no_grad()
def tried(probe: Probe, config: RunConfig | None = None) -> dict[str, Any]:
    """What went in and what came out, each with its statistics, and the layer's own buffers afterwards."""
    assert probe.shape is not None
    torch.manual_seed(probe.seed)
    before = torch.randn(probe.shape) if probe.input == "normal" else torch.ones(probe.shape)
    if isinstance(probe.input, OfRun):
        assert config is not None
        before = _images(config, probe.input.batch, probe.shape)
        torch.manual_seed(probe.seed)
    layer = built(probe).to(before.dtype)
    layer.train(probe.mode == "train")
    after = layer(before)
    return {
        "shape": list(probe.shape),
        "before": _told(before),
        "after": _told(after),
        "buffers": {name: buffer.tolist() for name, buffer in layer.named_buffers()},
        "torch": torch.__version__,
    }


def built(probe: Probe) -> nn.Module:
    """The layer as a run's network of that shape has it, with the weights it begins with (ones and zeros)."""
    layer, shape = probe.layer, probe.shape or ()
    channels, normed = shape[1], list(shape[1:])
    match layer:
        case BatchNorm():
            kind = nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d
            return kind(channels, eps=layer.eps, momentum=layer.momentum)
        case LayerNorm():
            return nn.LayerNorm(normed, eps=layer.eps)
        case GroupNorm():
            return nn.GroupNorm(layer.groups, channels, eps=layer.eps)
        case InstanceNorm():
            return (nn.InstanceNorm2d if len(shape) == 4 else nn.InstanceNorm1d)(channels, eps=layer.eps)
        case RmsNorm():
            return nn.RMSNorm(normed, eps=layer.eps)
        case DropoutLayer(scaling="classic"):
            return ClassicDropout(layer.p, layer.spatial)
        case DropoutLayer():
            return nn.Dropout2d(layer.p) if layer.spatial else nn.Dropout(layer.p)
    return ACTIVATIONS[layer.kind]()


def _images(config: RunConfig, step: int, shape: tuple[int, ...]) -> Tensor:
    """The first images of a step's batch, as many as the shape has room for."""
    data = load(config, torch.device("cpu"))
    batch = BatchOrder(config, data.train).batch(step)
    features = batch.x_ND.shape[1]
    count = torch.Size(shape).numel() // features
    return batch.x_ND[:count].reshape(shape)


def _told(values: Tensor) -> dict[str, Any]:
    return {"values": values.tolist(), **statistics(values), "histogram": histogram(values, BINS)}
