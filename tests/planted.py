"""Trainings with something planted in them: a process that has loaded the trainer forks one child for each order, as a worker does.

python tests/planted.py < orders.jsonl: an order is {"config": file, "out": file for the events, "plant": name or null, "arguments": [...],
"environment": {...}}. What is planted is what goes wrong in real life, done to PyTorch or to the environment, never to our records.
"""

import importlib
import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import trainer.__main__
from trainer import preload

RESUMED_AT = 10  # the step before which `lost_buffers` and `lost_masks` strike
PLANTS: dict[str, Callable[[], None]] = {}


def plant(function: Callable[[], None]) -> Callable[[], None]:
    PLANTS[function.__name__] = function
    return function


@plant
def medium_precision() -> None:
    """Somebody's library asks for faster matrix products after us."""
    ask = torch.set_float32_matmul_precision
    torch.set_float32_matmul_precision = lambda _: ask("medium")


@plant
def fused_adam() -> None:
    make = torch.optim.Adam.__init__

    def fused(self: Any, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **{**options, "foreach": False, "fused": True})

    torch.optim.Adam.__init__ = fused


@plant
def lost_buffers() -> None:
    """What a checkpoint without running statistics does: from that step on they begin anew."""
    _at_training_step(torch.nn.BatchNorm1d, lambda layer: layer.reset_running_stats())


@plant
def lost_masks() -> None:
    """What a checkpoint without the generator's state does."""
    _at_training_step(torch.nn.Dropout, lambda _: torch.manual_seed(999))


@plant
def stray_draw() -> None:
    """Something draws from the generator that dropout draws from, after the model was built."""
    _at_training_step(torch.nn.Dropout, lambda _: torch.rand(1), 0)


@plant
def stray_draw_before_the_model() -> None:
    """Something draws from the generator between its seeding and the first weight."""
    seed = torch.manual_seed

    def and_draw(number: int) -> torch.Generator:
        generator = seed(number)
        torch.rand(1)
        return generator

    torch.manual_seed = and_draw


@plant
def one_hot_in_force() -> None:
    """The loss is given one-hot vectors whatever the config says."""
    from torch.nn import functional

    import trainer.data

    part = trainer.data._part

    def one_hot(images: Any, config: Any, *rest: Any) -> Any:
        made = part(images, config, *rest)
        vectors = functional.one_hot(made.y_N, 10).to(made.x_ND.dtype)
        return type(made)(made.x_ND, made.y_N, vectors)

    trainer.data._part = one_hot


def _at_training_step(kind: type[torch.nn.Module], strike: Callable[[Any], Any], step: int = RESUMED_AT) -> None:
    forward, steps = kind.forward, itertools.count()

    def struck(self: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        if self.training and next(steps) == step:
            strike(self)
        return forward(self, x)

    kind.forward = struck


def carry_out(order: dict[str, Any]) -> int:
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.environ.update(order["environment"])
    sys.path[:0] = order.get("path", [])
    if order["plant"]:
        PLANTS[order["plant"]]()
    sys.argv = ["trainer", order["config"], "--out", str(Path(order["out"]).with_suffix("")), *order["arguments"]]
    return trainer.__main__.main()


def main() -> int:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for module in preload.MODULES:  # but no data set: one of the children reads another file
        importlib.import_module(module)
    worst = 0
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(carry_out(json.loads(line)))
        worst = max(worst, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return worst


if __name__ == "__main__":
    sys.exit(main())
