"""When a run's checkpoints are written, and which one it goes on from."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.checkpoint import Checkpoint, CheckpointFolder, newest_good
from trainer.config import RunConfig
from trainer.events import CheckpointWritten, Event, LogText
from trainer.order import BatchOrder
from trainer.training import Training

LARGEST_SHARE = 0.05  # of the time may go into checkpoints, however seldom that makes them


@dataclass(frozen=True)
class Checkpoints:
    """Where a run's checkpoints go, and those that it may go on from, newest first."""

    folder: CheckpointFolder
    resume_from: Sequence[Path] = ()
    due: Callable[[int], bool] | None = None  # by the step that comes next, in place of the config's seconds


class Saver:
    """Writes checkpoints of a training when they are due, and takes up the newest that is good."""

    def __init__(
        self,
        config: RunConfig,
        checkpoints: Checkpoints | None,
        emit: Callable[[Event], None],
        known: Mapping[str, str],
        environment: Mapping[str, Any],
    ) -> None:
        self.environment = environment
        self.lines: list[str] = []
        self._kept, self._emit = checkpoints, emit
        self._every_s, self._total = config.checkpoint_every_s, config.total_iterations
        device = str(environment["device"]).partition(":")[0]
        self._of = {"config": config.digest(), **{name: known[name] for name in ("data", "split", "initial", "code")}, "kind of device": device}
        self._due_at = time.monotonic() + (self._every_s or 0.0)
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[CheckpointWritten] | None = None

    def take_up(self, training: Training, order: BatchOrder) -> int | None:
        """The step at which the training goes on; None when it begins. `lines` says why to a person."""
        files = self._kept.resume_from if self._kept is not None else ()
        found, self.lines = newest_good(files, self._of)
        if found is None:
            self.lines += ["no checkpoint is good: the run begins again"] if files else []
            return None
        order.go_to(found.state.step)
        if order.digest() != found.of["order"]:
            order.go_to(0)
            self.lines.append(f"the checkpoint of step {found.state.step} was trained on other batches: the run begins again")
            return None
        training.put_back(found.state)
        self.lines.append(f"resumed at step {training.step} from a checkpoint")
        if found.of["environment"] != self.environment:
            self.lines.append(
                "the checkpoint was written in another environment; from here on the bits may be others than they would have been there"
            )
        return training.step

    def is_due(self, step: int) -> bool:
        """Whether to write a checkpoint now that `step` comes next; when none does, there is nothing to go on with."""
        if self._kept is None or self._writing is not None or step >= self._total:
            return False
        if self._kept.due is not None:
            return self._kept.due(step)
        return self._every_s is not None and time.monotonic() >= self._due_at

    def write(self, training: Training, order: BatchOrder) -> None:
        """Takes the state down, and has it written while the training goes on; `collect` tells of it when it is there."""
        assert self._kept is not None
        of = {**self._of, "order": order.digest(), "environment": self.environment}
        self._begun_at = time.monotonic()
        self._writing = self._writer.submit(self._kept.folder.write, Checkpoint(training.state(), of))
        if self._kept.due is not None:
            self.collect(wait=True)

    def collect(self, wait: bool = False) -> None:
        """Tell of the checkpoint that was being written, if it is there now. A run goes on without one that could not be written."""
        if self._writing is None or not (wait or self._writing.done()):
            return
        writing, self._writing = self._writing, None
        try:
            self._emit(writing.result())
        except OSError as error:
            self._emit(LogText(f"a checkpoint could not be written: {error}"))
        now = time.monotonic()
        self._due_at = now + max(self._every_s or 0.0, (now - self._begun_at) / LARGEST_SHARE)

    def close(self) -> None:
        """Nothing is being written any more."""
        self._writer.shutdown(wait=True)
