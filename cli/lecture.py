"""The lecture's practice as eight configs: a baseline, and what changes one thing in it."""

import copy
from typing import Any

BASELINE: dict[str, Any] = {
    "dataset": {"name": "mnist5k"},
    "model": {"kind": "mlp", "hidden": [256], "output": "softmax"},
    "loss": {"kind": "cross_entropy", "targets": "one_hot"},
    "optimizer": {"kind": "sgd", "lr": 2.0},
    "total_iterations": 500,
    "batch_size": "full",
    "eval_every": 20,
    "seed": 0,
}

# The linear schedule says its end itself: it runs over all iterations. Adam at a learning rate of 2 learns nothing, so it has its own.
CHANGES: dict[str, dict[str, Any]] = {
    "exponential": {"scheduler": {"kind": "exponential", "gamma": 0.995}},
    "linear": {"scheduler": {"kind": "linear", "start_factor": 1.0, "end_factor": 0.1}},
    "step": {"scheduler": {"kind": "step", "step_size": 100, "gamma": 0.5}},
    "adam": {"optimizer": {"kind": "adam", "lr": 0.001}},
    "dropout": {"model": {"dropout": {"p": 0.5}}},
    "batchnorm": {"model": {"norm": {"kind": "batch"}}},
    "layernorm": {"model": {"norm": {"kind": "layer"}}},
}
GOOD_ACCURACY = 0.90


def configs() -> dict[str, dict[str, Any]]:
    """Name to config, the baseline first."""
    made = {"baseline": copy.deepcopy(BASELINE)}
    for name, change in CHANGES.items():
        config = copy.deepcopy(BASELINE)
        for field, new in change.items():
            config[field] = {**config[field], **new} if field == "model" else new
        made[name] = config
    return made


def iterations_to(steps: list[int], accuracies: list[Any], wanted: float = GOOD_ACCURACY) -> int | None:
    """Iterations trained when the accuracy was first seen at `wanted` or above; None for never. Step i is iteration i + 1."""
    for step, accuracy in zip(steps, accuracies, strict=True):
        if isinstance(accuracy, int | float) and accuracy >= wanted:
            return step + 1
    return None
