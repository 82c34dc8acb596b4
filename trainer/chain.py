"""The digest chain: what a training's parts were like along its way, so that two of them can be told apart at the step where they parted."""

import json
from collections.abc import Mapping
from typing import Any

from trainer import digests
from trainer.order import BatchOrder
from trainer.training import Training

# Which code computes an update is no part of its state.
WAYS = ("foreach", "fused", "capturable", "differentiable", "maximize")


def is_link(every: int, step: int, last: bool = False) -> bool:
    """Whether a chain with a link `every` so many steps has one after this step. The config's link_every says how many.

    After each of those, after 1, 2, 4, 8, ... steps before the first of those (runs part early), and after the last.
    """
    done = step + 1
    return last or done % every == 0 or (done < every and done & (done - 1) == 0)


def link(training: Training, order: BatchOrder) -> dict[str, str]:
    """Digests by part (trainer.events.PARTS), of the state with which the next step begins."""
    model = training.model
    return {
        "weights": digests.of_state(dict(model.named_parameters())),
        "buffers": digests.of_state(dict(model.named_buffers())),
        "optimizer": _of_optimizer(training),
        "rng": digests.of_state(training.random_states()),
        "order": order.digest(),
    }


def _of_optimizer(training: Training) -> str:
    """What the optimizer and the schedule hold: momenta, learning rates, counters."""
    groups = [{key: value for key, value in group.items() if key not in WAYS} for group in training.optimizer_facts()]
    running = digests.RunningDigest()
    running.add_text(digests.of_state(training.optimizer_tensors()))
    running.add_text(json.dumps([groups, _plain(training.schedule.state_dict())], sort_keys=True, default=str))
    return running.hexdigest()


def _plain(value: Any) -> Any:
    """With every key a text: JSON sorts no others."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
