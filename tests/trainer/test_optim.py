"""Fast paths of optimizers are taken only where they give the bits of the plain ones."""

from typing import Any

import pytest
import torch

from trainer.config import RunConfig
from trainer.optim import make_optimizer

SHAPES = ((784, 256), (256,), (10, 7), (3, 5, 3, 3), (1,), (33,))


def updated(optimizer: dict[str, Any], precision: str, steps: int = 20, **plain: Any) -> tuple[torch.optim.Optimizer, list[torch.Tensor]]:
    """Weights after some steps along gradients drawn at random; with `plain`, by PyTorch's optimizer with these arguments."""
    generator = torch.Generator().manual_seed(3)
    weights = [torch.nn.Parameter(torch.randn(shape, generator=generator).to(getattr(torch, precision))) for shape in SHAPES]
    config = RunConfig.model_validate({"dataset": {"name": "digits"}, "optimizer": optimizer, "precision": precision, "device": "cpu"})
    made = torch.optim.SGD(weights, **plain) if plain else make_optimizer(config, weights, torch.device("cpu"))
    for _ in range(steps):
        for each in weights:
            each.grad = torch.randn(each.shape, generator=generator).to(each.dtype)
        made.step()
    return made, [each.detach() for each in weights]


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    "given",
    [
        {"lr": 0.1},
        {"lr": 2.0, "weight_decay": 1e-3},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-2},
    ],
)
def test_sgd_has_the_bits_of_the_plain_one(given: dict[str, Any], precision: str) -> None:
    made, ours = updated({"kind": "sgd", **given}, precision)
    _, plain = updated({"kind": "sgd", **given}, precision, **given, foreach=False, fused=False)

    assert made.param_groups[0]["fused"] is ("momentum" not in given)
    assert all(torch.equal(one, other) for one, other in zip(ours, plain, strict=True))
