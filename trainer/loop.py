"""Training itself: a generator that yields what the steps measured, some of them at a time."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from trainer import chain
from trainer.data import Data
from trainer.graph import Graphed
from trainer.order import BatchOrder
from trainer.readings import Readings, Rows
from trainer.rewind import Rewind
from trainer.steps import Eager
from trainer.steps import evaluate as evaluate
from trainer.training import Training
from trainer.watch import Watch as Watch

Stop = Literal["early", "non-finite"]


@dataclass(frozen=True)
class Block:
    """Some steps; the digests behind the last one, when the chain has a link there; whether and why it is the last before time."""

    rows: Rows
    link: Mapping[str, str] | None
    stop: Stop | None
    reason: str | None


class Observer(Protocol):
    """Somebody who looks on: told of every step in its order, and free to read whatever lies in the model. It must change nothing."""

    def begin(self, step: int) -> None:
        """Before the forward pass."""

    def after_backward(self) -> None:
        """Every gradient is there, none is clipped, and no weight has moved."""

    def after_step(self) -> None:
        """The optimizer has moved the weights."""


def train(training: Training, data: Data, order: BatchOrder, observers: Sequence[Observer] = ()) -> Iterator[Block]:
    """Trains the model where it lies, from the training's step on. Draws no random number but the dropout masks.

    The first block has one step. While a block is looked at, the training stands behind its last step, and may be taken down.
    """
    config, model, total = training.config, training.model, training.config.total_iterations
    learn = Graphed(training, order) if config.execution == "graph" else Eager(training)
    readings, rewind = Readings(), Rewind(training) if config.on_non_finite == "stop" else None
    every, is_first = config.link_every, True

    model.train()
    while (step := training.step) < total:
        last = step == total - 1
        lr = float(training.optimizer.param_groups[0]["lr"])
        for each in observers:
            each.begin(step)
        reading = learn(order.batch(step))
        readings.add(step, reading, lr)
        for each in observers:
            each.after_backward()
        training.update(reading.norm)
        for each in observers:
            each.after_step()

        evaluated = last or (step + 1) % config.eval_every == 0
        if not (evaluated or is_first or readings.are_due or chain.is_link(every, step)):
            training.schedule.step({})
            training.step += 1
            continue
        rows = readings.take(validation(training, data) if evaluated else {})
        stop: Stop | None = None
        reason = None
        sick = non_finite(rows) if rewind is not None else None
        if rewind is not None and sick is not None and sick < rows.last:  # noticed late: no step must follow the one that went wrong
            rewind.to(sick, learn, order)
            rows, evaluated = rows.until(sick), False
        metrics = rows.metrics[-1] if evaluated else {}
        if evaluated and training.best.improves(metrics):
            training.keep_best()
        if evaluated and (waited := impatience(training, metrics)) and not last:
            stop, reason = "early", waited
        if sick is not None:
            stop, reason = "non-finite", what_is_wrong(rows)
        if data.test is not None and (last or stop):
            loss, right = evaluate(model, data.test, config)
            rows.metrics[-1].update({"test/loss": loss.item(), "test/accuracy": right.item()})
        training.schedule.step(metrics)
        training.step += 1
        link = chain.link(training, order) if chain.is_link(every, rows.last, last or stop is not None) else None
        yield Block(rows, link, stop, reason)
        if stop:
            return
        if rewind is not None:
            rewind.note(metrics)
        is_first = False


def validation(training: Training, data: Data) -> dict[str, Tensor]:
    loss, right = evaluate(training.model, data.val, training.config)
    return {"val/loss": loss, "val/accuracy": right}


def impatience(training: Training, metrics: Mapping[str, float]) -> str | None:
    """Why to end early, if the config wants it and this evaluation was one too many without improvement."""
    early, wanted = training.early, training.config.early_stopping
    if early is None or wanted is None or early.improves(metrics) or early.waited < wanted.patience:
        return None
    return f"{early.metric} did not improve in {wanted.patience} evaluations; its best is {early.held!r}"


def non_finite(rows: Rows) -> int | None:
    """The first step whose loss is no finite number."""
    return next((rows.first + place for place, metrics in enumerate(rows.metrics) if _sick(metrics)), None)


def what_is_wrong(rows: Rows) -> str:
    metrics = rows.metrics[-1]
    sick = _sick(metrics)
    assert sick is not None
    spoken = "NaN" if math.isnan(metrics[sick]) else "infinite"
    return f"{sick} became {spoken} at step {rows.last}, and on_non_finite is stop"


def _sick(metrics: Mapping[str, float]) -> str | None:
    """The loss that is no finite number, if one is."""
    return next((name for name in ("train/loss", "val/loss") if name in metrics and not math.isfinite(metrics[name])), None)
