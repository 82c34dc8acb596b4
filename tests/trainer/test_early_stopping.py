"""Early stopping on any metric that is there at an evaluation, with the best weights kept."""

from typing import Any

import pytest
import torch

WORSE = {"val/loss": "max", "train/loss": "max", "val/accuracy": "min", "train/accuracy": "min", "grad/norm": "max"}


@pytest.mark.parametrize(("metric", "goal"), WORSE.items())
def test_ends_on_any_metric_and_keeps_the_weights_of_its_best_evaluation(train: Any, metric: str, goal: str) -> None:
    watched = {"metric": metric, "goal": goal}
    given = {"model": {"hidden": [16], "norm": {"kind": "batch"}}, "eval_every": 4}

    stopped = train(total_iterations=200, early_stopping={**watched, "patience": 3}, best_metric=watched, **given)

    held = stopped.metrics[metric]
    evaluated = {step: held[step] for step in stopped.metrics["val/loss"]}
    best = (max if goal == "max" else min)(evaluated, key=lambda step: (evaluated[step], -step if goal == "max" else step))
    assert stopped.ended.state == "finished"
    assert stopped.ended.step == best + 3 * 4 < 199
    kept = stopped.weights("best.safetensors")
    shorter = train(total_iterations=best + 1, **given).weights("final.safetensors")
    assert all(torch.equal(kept[name], shorter[name]) for name in shorter)
