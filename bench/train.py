"""What a step costs: the fastest plain PyTorch loop with the same bits, `trainer.loop.train`, and a whole recorded job, by turns in one process.

python -m bench.train [--iterations 400] [--rounds 7] [--batch 256] [--adam]

All three end with the same weights, or this fails. Seconds of processor count, not of the clock: other work on the machine takes the clock's time,
though it also takes some of the caches. Also: what a link of the digest chain and a checkpoint of a million parameters take.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from bench import machine
from trainer import chain, determinism, digests
from trainer.checkpoint import Checkpoint, CheckpointFolder
from trainer.config import RunConfig
from trainer.data import Data, load
from trainer.events import Ended, Event, encode
from trainer.job import Checkpoints, run
from trainer.loop import train
from trainer.model import build
from trainer.order import BatchOrder
from trainer.training import Training

Measured = tuple[float, float, str]  # milliseconds of processor and of the clock for an iteration, digest of the final weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--adam", action="store_true")
    asked = parser.parse_args()
    optimizer = {"kind": "adam"} if asked.adam else {"kind": "sgd", "lr": 0.1}
    given = {"dataset": {"name": "mnist5k"}, "batch_size": asked.batch, "eval_every": 20, "device": "cpu", "optimizer": optimizer}
    config = RunConfig.model_validate({**given, "total_iterations": asked.iterations})
    determinism.prepare_environment(1)
    determinism.make_deterministic(1)
    print(machine.description())
    data = load(config, torch.device("cpu"))
    compare(config, data, asked.rounds)
    parts(config, data)


def compare(config: RunConfig, data: Data, rounds: int) -> None:
    ways: dict[str, Callable[[RunConfig, Data], Measured]] = {"plain loop": plain, "train()": looped, "whole job": recorded}
    taken: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, measure in ways.items():  # by turns: what else the machine does then falls on all alike
            measured = measure(config, data)
            if number:  # the first round warms up
                taken[name].append(measured)
    final = {digest for each in taken.values() for _, _, digest in each}
    assert len(final) == 1, f"the ways end in different weights: {final}"
    plain_ms = statistics.median(each[0] for each in taken["plain loop"])
    least_plain = min(each[0] for each in taken["plain loop"])
    what = f"{config.optimizer.kind}, batch {config.batch_images}, {config.total_iterations} iterations"
    print(f"{what}, medians of {rounds} rounds, all ending in weights {final.pop()[:12]}")
    for name, each in taken.items():
        cpu, wall = statistics.median(one[0] for one in each), statistics.median(one[1] for one in each)
        least = min(one[0] for one in each)
        pairs = statistics.median(one[0] / base[0] for one, base in zip(each, taken["plain loop"], strict=True))
        shares = f"{100 * (cpu / plain_ms - 1):+.1f} %, round by round {100 * (pairs - 1):+.1f} %, least {100 * (least / least_plain - 1):+.1f} %"
        print(f"  {name:12} {cpu:.3f} ms processor (least {least:.3f}), {wall:.3f} ms clock; {shares}")


def plain(config: RunConfig, data: Data) -> Measured:
    """What somebody who cares for speed would write, keeping the same metrics. Validation is part of it."""
    model = build(config)
    optimizer = _fastest(config, model)
    x_train, y_train, x_val, y_val = data.train.x_ND, data.train.y_N, data.val.x_ND, data.val.y_N
    parameters, history, evaluated = list(model.parameters()), [], []
    size, count, seed = config.batch_images, len(y_train), config.seed
    at = begun()
    for step in range(config.total_iterations):
        epoch, place = divmod(step, count // size)
        if place == 0:
            order = torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
        chosen = order[place * size : (place + 1) * size]
        x, y = x_train.index_select(0, chosen), y_train.index_select(0, chosen)
        optimizer.zero_grad()
        outputs = model(x)
        loss = F.cross_entropy(outputs, y)
        loss.backward()
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm([each.grad for each in parameters])))
        history.append((loss.detach(), (outputs.argmax(1) == y).float().mean(), norm, optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if (step + 1) % config.eval_every == 0 or step == config.total_iterations - 1:
            model.eval()
            with torch.no_grad():
                outputs = model(x_val)
                evaluated.append((F.cross_entropy(outputs, y_val).item(), (outputs.argmax(1) == y_val).float().mean().item()))
            model.train()
    assert torch.stack([each[0] for each in history]).isfinite().all()
    return ended(at, config, model)


def _fastest(config: RunConfig, model: nn.Module) -> torch.optim.Optimizer:
    lr = config.optimizer.lr
    if config.optimizer.kind == "adam":
        return torch.optim.Adam(model.parameters(), lr=lr, foreach=False, fused=False)
    return torch.optim.SGD(model.parameters(), lr=lr, fused=True)


def looped(config: RunConfig, data: Data) -> Measured:
    """The training loop with its digest chain, nothing recorded."""
    model = build(config)
    training, order = Training(config, model), BatchOrder(config, data.train)
    at = begun()
    for _ in train(training, data, order):
        pass
    return ended(at, config, model)


def recorded(config: RunConfig, data: Data) -> Measured:
    """A job as a worker's child runs it: the loop, every event written to a pipe, best and final weights; setting up is left out."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        while os.read(reading, 1 << 20):
            pass
        os._exit(0)
    os.close(reading)
    marks: list[tuple[float, float]] = []
    digest = ""

    def emit(event: Event) -> None:
        nonlocal digest
        os.write(writing, f"{encode(event)}\n".encode())
        if not marks:
            marks.append(begun())  # Started: what comes now is training
        if isinstance(event, Ended):
            digest = event.digests["final"]

    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        run(config, Path(folder), emit, 1, Checkpoints(CheckpointFolder(Path(folder, "checkpoints"))))
    processor, clock = time.process_time() - marks[0][0], time.perf_counter() - marks[0][1]
    os.close(writing)
    os.waitpid(child, 0)
    return processor / config.total_iterations * 1000, clock / config.total_iterations * 1000, digest


def begun() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def ended(at: tuple[float, float], config: RunConfig, model: nn.Module) -> Measured:
    processor, clock = time.process_time() - at[0], time.perf_counter() - at[1]
    return processor / config.total_iterations * 1000, clock / config.total_iterations * 1000, digests.of_state(model.state_dict())


def parts(config: RunConfig, data: Data) -> None:
    """What a link and a checkpoint take."""
    training, order = Training(config, build(config)), BatchOrder(config, data.train)
    link = median_ms(lambda: chain.link(training, order))
    print(f"a link of the digest chain: {link:.2f} ms, every {config.link_every} steps: {link / config.link_every:.4f} ms a step")
    for kind in ("sgd", "adam"):
        checkpoint(config, data, kind)


def checkpoint(config: RunConfig, data: Data, kind: str) -> None:
    """What a checkpoint of a million parameters takes: of the training, which waits while its state is copied, and altogether."""
    given: dict[str, Any] = {"model": {"hidden": [900, 300]}, "optimizer": {"kind": kind}, "total_iterations": 3}
    large = RunConfig.model_validate({**config.model_dump(), **given})
    training, order = Training(large, build(large)), BatchOrder(large, data.train)
    for _ in train(training, data, order):
        pass
    count = sum(each.numel() for each in training.parameters)
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as name:
        folder = CheckpointFolder(Path(name))
        stall = median_ms(training.state)
        whole = median_ms(lambda: folder.write(Checkpoint(training.state(), {})))
        cpu = median_ms(lambda: folder.write(Checkpoint(training.state(), {})), time.process_time)
    print(f"a checkpoint of {count:,} parameters, {kind}, best weights: training waits {stall:.1f} ms; {cpu:.1f} ms processor, {whole:.1f} ms clock")


def median_ms(act: Callable[[], object], clock: Callable[[], float] = time.perf_counter, times: int = 11) -> float:
    taken = []
    for _ in range(times):
        begin = clock()
        act()
        taken.append(clock() - begin)
    return statistics.median(taken) * 1000


if __name__ == "__main__":
    main()
