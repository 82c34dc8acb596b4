"""Inside a training process: carry out one order, and say what happens as JSON lines.

The fork server's children come here, and so does `python -m worker.child`, the same thing as a fresh process where forking is not to be had.
"""

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer.config import RunConfig
from trainer.events import Ended, Event, encode

TRAIN = "worker.child:train"
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Order:
    """What a child is to do: call `entry` ("module:function") with an `emit` and these arguments, under these environment variables."""

    arguments: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    entry: str = TRAIN

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        return cls(**json.loads(text))


def train(emit: Emit, config: dict[str, Any], out_dir: str, threads: int, resume_from: Sequence[str] = (), datasets: str = "") -> int:
    """Train a run, from the newest good one of these checkpoints on, with uploaded data sets out of this folder; the exit code."""
    from trainer import job, library  # loads torch
    from trainer.checkpoint import CheckpointFolder

    checkpoints = job.Checkpoints(CheckpointFolder(Path(out_dir, "checkpoints")), [Path(file) for file in resume_from])
    if datasets:
        library.use(Path(datasets))
    return job.run(RunConfig.model_validate(config), Path(out_dir), emit, threads, checkpoints)


def carry_out(order: Order, events_fd: int) -> int:
    """The exit code. Whatever the entry raises is told as the run's end, and its traceback goes to stderr."""
    os.environ.update(order.environment)
    emit = _emitter(events_fd)
    try:
        return int(named(order.entry)(emit=emit, **order.arguments))
    except Exception as error:
        traceback.print_exc()
        emit(Ended("failed", reason_of(error), None, {}))
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def named(path: str) -> Callable[..., Any]:
    """The function that "module:function" names."""
    module, _, function = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def reason_of(error: BaseException) -> str:
    """One line for a person: what a traceback ends with, or that memory ran out."""
    last = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    is_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return f"out of memory: {last}" if is_memory else last


def _emitter(events_fd: int) -> Emit:
    lock = threading.Lock()

    def emit(event: Event) -> None:
        line = memoryview(f"{encode(event)}\n".encode())
        with lock:
            while line:
                line = line[os.write(events_fd, line) :]

    return emit


def _end_with_stdin() -> None:
    """The worker holds the other end for as long as it lives."""
    while sys.stdin.buffer.read(1):
        pass
    os.killpg(0, signal.SIGKILL)


def main(events_fd: int) -> None:
    order = Order.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    os._exit(carry_out(order, events_fd))


if __name__ == "__main__":
    main(int(sys.argv[1]))
