"""The package against an independent straight-line script: every value and the final state equal, bit for bit, for every variant."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from safetensors.torch import load_file

from trainer.events import Points, decode

HERE = Path(__file__).parent
LECTURE = {
    "dataset": {"name": "mnist5k"},
    "model": {"output": "softmax"},
    "loss": {"targets": "one_hot"},
    "optimizer": {"kind": "sgd", "lr": 2.0},
    "batch_size": "full",
    "total_iterations": 6,
    "eval_every": 5,
}


def digits(**given: Any) -> dict[str, Any]:
    return {"dataset": {"name": "digits"}, "total_iterations": 60, "eval_every": 7, "device": "cpu", **given}


def lecture(model: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    return {**LECTURE, "device": "cpu", **given, "model": {"output": "softmax", **(model or {})}}


def mnist(**given: Any) -> dict[str, Any]:
    return {"dataset": {"name": "mnist5k"}, "total_iterations": 40, "batch_size": 256, "eval_every": 15, "device": "cpu", **given}


def images(kind: str, norm: str, position: str = "after_activation", **model: Any) -> dict[str, Any]:
    network = {"kind": kind, "norm": {"kind": norm}, "norm_position": position, **model}
    short = {"dataset": {"name": "digits", "val_size": 60}, "batch_size": 32, "total_iterations": 6, "eval_every": 4}
    return digits(model=network, **short)


NORMS = ("none", "batch", "layer", "group", "instance", "rms")
POSITIONS = ("after_activation", "before_activation")
PLANS: tuple[dict[str, Any], ...] = (
    {"kind": "constant"},
    {"kind": "exponential", "gamma": 0.97},
    {"kind": "linear"},
    {"kind": "linear", "start_factor": 0.3, "total_iterations": 20},
    {"kind": "step", "step_size": 13, "gamma": 0.3},
    {"kind": "multistep", "milestones": [5, 11, 40]},
    {"kind": "cosine"},
    {"kind": "one_cycle"},
    {"kind": "plateau", "patience": 0, "factor": 0.3},
)
SGD_2 = {"kind": "sgd", "lr": 2.0}
CONFIGS = {
    "defaults on digits": digits(),
    "defaults on mnist5k": mnist(),
    "no hidden layer": digits(model={"hidden": []}),
    "three hidden layers, batch norm, dropout": digits(
        model={"hidden": [32, 16, 24], "norm": {"kind": "batch"}, "dropout": {"p": 0.2}},
    ),
    "batch norm after activation": digits(model={"norm": {"kind": "batch", "momentum": 0.3, "eps": 1e-3}}),
    "batch norm before activation": digits(model={"norm": {"kind": "batch"}, "norm_position": "before_activation"}),
    "layer norm after activation": digits(model={"norm": {"kind": "layer"}}),
    "layer norm before activation": digits(model={"norm": {"kind": "layer", "eps": 1e-3}, "norm_position": "before_activation"}),
    "dropout inverted": digits(model={"dropout": {"p": 0.5}}),
    "dropout classic": digits(model={"dropout": {"p": 0.3, "scaling": "classic"}}),
    "dropout of everything": digits(model={"dropout": {"p": 1.0}}),
    "softmax head": digits(model={"output": "softmax"}),
    "one-hot targets": digits(loss={"targets": "one_hot"}),
    "one-hot targets, label smoothing": digits(loss={"targets": "one_hot", "label_smoothing": 0.1}),
    "index targets, label smoothing": digits(loss={"targets": "index", "label_smoothing": 0.1}),
    "softmax head, one-hot targets": digits(model={"output": "softmax"}, loss={"targets": "one_hot"}),
    "momentum": digits(optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9}),
    "nesterov": digits(optimizer={"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "weight decay": digits(optimizer={"kind": "sgd", "lr": 0.1, "weight_decay": 1e-3}),
    "adam": digits(optimizer={"kind": "adam"}),
    "adam, all set": digits(optimizer={"kind": "adam", "lr": 3e-3, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 1e-2}),
    "exponential": digits(scheduler={"kind": "exponential", "gamma": 0.97}),
    "linear": digits(scheduler={"kind": "linear"}),
    "linear, all set": digits(scheduler={"kind": "linear", "start_factor": 0.2, "end_factor": 0.7, "total_iterations": 33}),
    "step": digits(scheduler={"kind": "step", "step_size": 13, "gamma": 0.3}),
    "float64": digits(precision="float64"),
    "float64, batch norm, adam, one-hot": mnist(
        precision="float64", model={"norm": {"kind": "batch"}}, optimizer={"kind": "adam"}, loss={"targets": "one_hot"}
    ),
    "full batch": digits(batch_size="full"),
    "batch that divides nothing": digits(batch_size=100, seed=5),
    "two threads": mnist(threads=2, optimizer=SGD_2, total_iterations=10),
    "other seeds and sizes, a test part": digits(dataset={"name": "digits", "split_seed": 3, "val_size": 200, "test_size": 150}, seed=2**40),
    "lecture: baseline": lecture(),
    "lecture: exponential": lecture(scheduler={"kind": "exponential", "gamma": 0.995}),
    "lecture: linear": lecture(scheduler={"kind": "linear"}),
    "lecture: step": lecture(scheduler={"kind": "step", "step_size": 5}),
    "lecture: adam": lecture(optimizer={"kind": "adam"}),
    "lecture: dropout": lecture({"dropout": {"p": 0.5}}),
    "lecture: batch norm": lecture({"norm": {"kind": "batch"}}),
    "lecture: layer norm": lecture({"norm": {"kind": "layer"}}),
    "mini-batches, batch norm, lr 2": mnist(optimizer=SGD_2, model={"norm": {"kind": "batch"}}),
    "mini-batches, layer norm, lr 2": mnist(optimizer=SGD_2, model={"norm": {"kind": "layer"}}),
    "mini-batches, dropout, momentum, step": mnist(
        model={"dropout": {"p": 0.5}},
        optimizer={"kind": "sgd", "lr": 0.1, "momentum": 0.9},
        scheduler={"kind": "step", "step_size": 10},
    ),
    "gelu": digits(model={"activation": "gelu"}),
    "silu, group norm": digits(model={"hidden": [64, 32], "activation": "silu", "norm": {"kind": "group"}}),
    "tanh, rms norm before activation": digits(
        model={"activation": "tanh", "norm": {"kind": "rms"}, "norm_position": "before_activation", "dropout": {"p": 0.1}}
    ),
    "adamw": digits(optimizer={"kind": "adamw"}),
    "adamw, all set": digits(optimizer={"kind": "adamw", "lr": 3e-3, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1}),
    "clipped gradients": digits(grad_clip=0.5, optimizer={"kind": "sgd", "lr": 0.3, "momentum": 0.9}),
    "gradients that need no clipping": digits(grad_clip=1e6),
    "bfloat16": digits(precision="bfloat16", model={"norm": {"kind": "batch"}, "dropout": {"p": 0.2}}),
    "bfloat16, softmax, one-hot": digits(precision="bfloat16", model={"norm": {"kind": "rms"}, "output": "softmax"}, loss={"targets": "one_hot"}),
    **{f"{kind}, {norm}, {position}": images(kind, norm, position) for kind in ("cnn", "resnet") for norm in NORMS for position in POSITIONS},
    "cnn, all set": images("cnn", "none", channels=[8, 16, 8], kernel=5, pooling="average", activation="silu", output="softmax"),
    "cnn without pooling": images("cnn", "batch", pooling="none", kernel=1),
    "cnn on mnist5k": {**images("cnn", "group"), "dataset": {"name": "mnist5k", "val_size": 60}},
    "cnn, dropout": images("cnn", "none", dropout={"p": 0.3}),
    "cnn, classic dropout": images("cnn", "batch", dropout={"p": 0.3, "scaling": "classic"}),
    "cnn, spatial dropout": images("cnn", "layer", dropout={"p": 0.3, "spatial": True}),
    "cnn, classic spatial dropout": images("cnn", "none", dropout={"p": 0.3, "scaling": "classic", "spatial": True}),
    "resnet, all set": images("resnet", "batch", channels=[8, 8, 16], blocks=2, activation="gelu", dropout={"p": 0.2, "spatial": True}),
    "resnet on mnist5k": {**images("resnet", "batch", "before_activation"), "dataset": {"name": "mnist5k", "val_size": 60}},
    "cnn in float64": {**images("cnn", "rms", dropout={"p": 0.2}), "precision": "float64"},
    "resnet in float64": {**images("resnet", "instance"), "precision": "float64"},
    "cnn in bfloat16": {**images("cnn", "rms", dropout={"p": 0.2, "spatial": True}), "precision": "bfloat16"},
    "resnet in bfloat16": {**images("resnet", "group"), "precision": "bfloat16"},
    **{f"{plan['kind']}, warmup {warmup}": digits(scheduler={**plan, "warmup_iterations": warmup}) for plan in PLANS for warmup in (0, 9)},
    "cosine that turns": digits(scheduler={"kind": "cosine", "min_lr": 0.01, "total_iterations": 17}),
    "one cycle, all set": digits(scheduler={"kind": "one_cycle", "max_lr": 0.7, "pct_start": 0.4}, optimizer={"kind": "adam"}),
    "plateau of an accuracy, warmup": digits(
        scheduler={"kind": "plateau", "metric": "val/accuracy", "factor": 0.5, "patience": 0, "warmup_iterations": 10}, eval_every=2
    ),
    "plateau of the gradient": digits(scheduler={"kind": "plateau", "metric": "grad/norm", "patience": 1}, eval_every=3),
}
# Every norm stands in a network and every position in both; every plan stands with its warmup: `make proof` takes all combinations.
COMBINED = {f"cnn, {norm}, before_activation" for norm in NORMS} | {f"resnet, {norm}, after_activation" for norm in NORMS}
COMBINED |= {"lecture: linear", "lecture: adam", "lecture: layer norm", "constant, warmup 0", "exponential, warmup 0", "step, warmup 0"}


def cases() -> list[Any]:
    return [pytest.param(config, id=name, marks=[pytest.mark.proof] if name in COMBINED else []) for name, config in CONFIGS.items()]


@pytest.mark.parametrize("config", cases())
def test_every_value_and_the_final_state_equal_the_straight_line_scripts(config: dict[str, Any], train: Any, straight_line: ModuleType) -> None:
    expected = json.loads(straight_line.bits(*straight_line.straight_line(config)))

    trained = train(**config)

    got = json.loads(straight_line.bits(trained.metrics, trained.weights()))
    assert got["metrics"].keys() == expected["metrics"].keys()
    for name, column in expected["metrics"].items():
        assert got["metrics"][name] == column, name
    assert got["state"] == expected["state"]


@pytest.mark.parametrize("name", [pytest.param("lecture: batch norm", marks=pytest.mark.proof), "mini-batches, dropout, momentum, step"])
def test_two_fresh_processes_agree_too(name: str, tmp_path: Path, straight_line: ModuleType) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIGS[name]))
    script, package = [HERE / "straight_line.py", file], ["-m", "trainer", file, "--out", tmp_path]

    expected = subprocess.run([sys.executable, *script], capture_output=True, text=True, check=True, cwd=HERE.parent.parent)
    said = subprocess.run([sys.executable, *package], capture_output=True, text=True, check=True, cwd=HERE.parent.parent)

    metrics: dict[str, dict[int, float]] = {}
    for points in (event for line in said.stdout.splitlines() if isinstance(event := decode(line), Points)):
        for metric, column in points.metrics.items():
            held = {step: value for step, value in zip(points.steps, column, strict=True) if value is not None}
            metrics.setdefault(metric, {}).update({} if metric.startswith("system/") else held)
    shown = {metric: column for metric, column in metrics.items() if column}
    assert straight_line.bits(shown, load_file(tmp_path / "final.safetensors")) == expected.stdout.strip()
