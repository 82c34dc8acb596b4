"""The same promises on a GPU, where there is one."""

from typing import Any

import pytest
import torch

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]

VARIANTS = [
    pytest.param({}, id="plain"),
    pytest.param({"batch_size": "full", "model": {"norm": {"kind": "batch"}}}, id="batch norm, full batch"),
    pytest.param({"model": {"norm": {"kind": "layer"}, "dropout": {"p": 0.5}}, "optimizer": {"kind": "adam"}}, id="layer norm, dropout, adam"),
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


@pytest.mark.parametrize("given", VARIANTS)
def test_the_same_config_gives_the_same_everything(train: Any, given: dict[str, Any]) -> None:
    first, second = train(**{**given, "device": "cuda"}), train(**{**given, "device": "cuda"})

    assert first.ended.state == "finished", first.ended.reason
    assert first.metrics == second.metrics
    assert first.ended == second.ended


@pytest.mark.parametrize("given", VARIANTS)
def test_begins_where_the_cpu_begins(train: Any, given: dict[str, Any]) -> None:
    gpu, cpu = train(**{**given, "device": "cuda"}), train(**{**given, "device": "cpu"})

    assert gpu.started.digests == cpu.started.digests
    assert gpu.ended.digests["order"] == cpu.ended.digests["order"]


def test_auto_takes_it_and_records_it(train: Any) -> None:
    environment = train(device="auto").started.environment

    assert environment["device"] == "cuda:0"
    assert environment["gpu"]["multiprocessors"] > 0
    assert environment["precision_flags"]["cuda_matmul_fp32"] == "ieee"
