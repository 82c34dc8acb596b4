"""The same promises on a GPU, where there is one: pytest -m gpu."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.checkpoint import CheckpointFolder
from trainer.config import RunConfig
from trainer.data import load
from trainer.events import CheckpointWritten, Digests
from trainer.job import Checkpoints
from trainer.loop import train as training_loop
from trainer.model import build
from trainer.order import BatchOrder
from trainer.training import Training

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]

VARIANTS = [
    pytest.param({}, id="plain"),
    pytest.param({"batch_size": "full", "model": {"norm": {"kind": "batch"}}}, id="batch norm, full batch"),
    pytest.param({"model": {"norm": {"kind": "layer"}, "dropout": {"p": 0.5}}, "optimizer": {"kind": "adam"}}, id="layer norm, dropout, adam"),
    pytest.param({"model": {"norm": {"kind": "batch"}, "dropout": {"p": 0.3, "scaling": "classic"}}, "grad_clip": 0.5}, id="classic, clipped"),
    pytest.param({"model": {"kind": "cnn", "norm": {"kind": "batch"}}, "optimizer": {"kind": "adamw"}}, id="cnn"),
    pytest.param({"precision": "float64", "loss": {"targets": "one_hot"}}, id="float64, one-hot"),
    pytest.param(
        {"model": {"kind": "cnn", "norm": {"kind": "group"}, "dropout": {"p": 0.2, "spatial": True}}, "scheduler": {"kind": "cosine"}},
        id="cnn, group norm, spatial dropout, cosine",
    ),
    pytest.param(
        {"model": {"kind": "cnn", "norm": {"kind": "instance"}, "pooling": "average"}, "grad_clip": 1.0}, id="cnn, average pooling, clipped"
    ),
    pytest.param(
        {"model": {"kind": "resnet", "norm": {"kind": "batch"}}, "precision": "bfloat16", "optimizer": {"kind": "adamw"}},
        id="resnet, bfloat16",
    ),
]
both_ways = pytest.mark.parametrize("execution", ["eager", "graph"])


def links(trained: Any) -> dict[int, dict[str, str]]:
    return {each.step: dict(each.parts) for each in trained.events if isinstance(each, Digests)}


@both_ways
@pytest.mark.parametrize("given", VARIANTS)
def test_the_same_config_gives_the_same_everything(train: Any, given: dict[str, Any], execution: str) -> None:
    config = {**given, "device": "cuda", "execution": execution}
    first, second = train(**config), train(**config)

    assert first.ended.state == "finished", first.ended.reason
    assert first.metrics == second.metrics
    assert links(first) == links(second)
    assert first.ended == second.ended


@both_ways
@pytest.mark.parametrize("given", VARIANTS)
def test_begins_where_the_cpu_begins(train: Any, given: dict[str, Any], execution: str) -> None:
    gpu, cpu = train(**{**given, "device": "cuda", "execution": execution}), train(**{**given, "device": "cpu"})

    assert gpu.started.digests == cpu.started.digests
    assert gpu.ended.digests["order"] == cpu.ended.digests["order"]


@both_ways
@pytest.mark.parametrize("given", VARIANTS)
def test_resumes_from_a_checkpoint_with_the_same_bits(train: Any, tmp_path: Path, given: dict[str, Any], execution: str) -> None:
    config = {**given, "device": "cuda", "execution": execution}
    whole = train(**config, checkpoints=Checkpoints(CheckpointFolder(tmp_path / "whole"), (), lambda step: step == 10))
    (file,) = [Path(each.path) for each in whole.events if isinstance(each, CheckpointWritten)]

    resumed = train(**config, checkpoints=Checkpoints(CheckpointFolder(tmp_path / "resumed"), [file]))

    assert resumed.started.resumed_from == 10
    assert resumed.metrics["train/loss"] == {step: value for step, value in whole.metrics["train/loss"].items() if step >= 10}
    assert resumed.ended == whole.ended


@both_ways
def test_a_loss_that_diverges_is_found_at_its_very_step(train: Any, execution: str) -> None:
    config = {"total_iterations": 200, "optimizer": {"lr": 60.0}, "scheduler": {"kind": "exponential", "gamma": 1.6}, "execution": execution}
    late, at_once = train(**config, eval_every=200, device="cuda"), train(**config, eval_every=200, digest_every=1, device="cuda")

    assert late.ended.state == "failed"
    assert late.ended == at_once.ended


def test_a_graph_is_another_config_than_eager(train: Any) -> None:
    configs = [RunConfig.model_validate({"dataset": {"name": "digits"}, "device": "cuda", "execution": way}) for way in ("eager", "graph")]

    assert configs[0].digest() != configs[1].digest()


@pytest.fixture
def waits_are_errors() -> Iterator[None]:
    """PyTorch says when the host waits for the device."""
    yield
    torch.cuda.set_sync_debug_mode("default")


@both_ways
def test_no_step_waits_for_the_device(waits_are_errors: None, execution: str) -> None:
    given = {"dataset": {"name": "digits"}, "device": "cuda", "total_iterations": 90, "eval_every": 90, "execution": execution}
    config = RunConfig.model_validate({**given, "batch_size": 1000, "digest_every": 90, "on_non_finite": "continue"})
    device = torch.device("cuda", 0)
    data, model = load(config, device), build(config).to(device)
    order = BatchOrder(config, data.train)
    silent: list[tuple[int, int]] = []

    class Listener:
        """Steps between two blocks must not wait: those that end one do, once."""

        def begin(self, step: int) -> None:
            torch.cuda.set_sync_debug_mode("error" if 34 <= step < 60 else "default")

        def after_backward(self) -> None: ...

        def after_step(self) -> None:
            torch.cuda.set_sync_debug_mode("default")

    for block in training_loop(Training(config, model), data, order, [Listener()]):
        silent.append((block.rows.first, block.rows.last))

    assert silent[-1][1] == 89


def test_memory_that_is_not_there_is_called_so(train: Any) -> None:
    free, _ = torch.cuda.mem_get_info()
    hoard = torch.empty(max(0, free - (64 << 20)), dtype=torch.uint8, device="cuda")

    trained = train(device="cuda", model={"hidden": [20_000, 20_000]})

    del hoard
    torch.cuda.empty_cache()
    assert trained.ended.state == "failed"
    assert trained.ended.reason.startswith("out of memory: ")


def test_auto_takes_it_and_records_it(train: Any) -> None:
    environment = train(device="auto").started.environment

    assert environment["device"] == "cuda:0"
    assert environment["gpu"]["multiprocessors"] > 0
    assert environment["precision_flags"]["cuda_matmul_fp32"] == "ieee"
