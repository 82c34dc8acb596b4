"""Trainings with something planted in them: a process that has loaded the trainer forks one child for each order, as a worker does.

python tests/planted.py < orders.jsonl: an order is {"config": file, "out": file for the events, "plant": name or null, "arguments": [...],
"environment": {...}, "exit_code"?: the one to expect}. What is planted is what goes wrong in real life, done to PyTorch, to the trainer or to the
environment, never to what is recorded.
"""

import importlib
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import trainer.__main__
from trainer import preload
from trainer.checkpoint import Checkpoint, CheckpointFolder
from trainer.saver import Saver
from trainer.training import Training

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
def killed_behind_a_checkpoint() -> None:
    """kill -9 as soon as a checkpoint of at least five steps is on disk."""
    write = CheckpointFolder.write

    def and_die(self: CheckpointFolder, checkpoint: Checkpoint) -> Any:
        write(self, checkpoint)
        os.kill(os.getpid(), signal.SIGKILL)

    CheckpointFolder.write = and_die
    Saver.is_due = lambda _, step: step >= 5  # so short a training would write none


@plant
def checkpoint_without_buffers() -> None:
    """The running statistics are not put back."""
    _forget_when_put_back(
        lambda training: [each.reset_running_stats() for each in training.model.modules() if isinstance(each, torch.nn.BatchNorm1d)]
    )


@plant
def checkpoint_without_masks() -> None:
    """The generator's state is not put back."""
    _forget_when_put_back(lambda _: torch.manual_seed(999))


@plant
def checkpoint_without_moments() -> None:
    """What Adam holds is not put back."""
    _forget_when_put_back(lambda training: training.optimizer.state.clear())


@plant
def stray_draw() -> None:
    """Something draws from the generator that dropout draws from, after the model was built."""
    forward, steps = torch.nn.Dropout.forward, itertools.count()

    def struck(self: torch.nn.Dropout, x: torch.Tensor) -> torch.Tensor:
        if self.training and next(steps) == 0:
            torch.rand(1)
        return forward(self, x)

    torch.nn.Dropout.forward = struck


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


def _forget_when_put_back(forget: Callable[[Training], Any]) -> None:
    put_back = Training.put_back

    def and_forget(self: Training, *arguments: Any, **options: Any) -> None:
        put_back(self, *arguments, **options)
        forget(self)

    Training.put_back = and_forget


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
        worst = worst or os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - json.loads(line).get("exit_code", 0)
    return worst


if __name__ == "__main__":
    sys.exit(main())
