"""One run from its config to its files, told as events: what a worker's child and `python -m trainer` both call."""

import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from trainer import determinism, digests, environment
from trainer.config import RunConfig
from trainer.data import load
from trainer.events import ArtifactWritten, Ended, Event, LogText, Started
from trainer.loop import train
from trainer.model import build
from trainer.observer import Observer
from trainer.order import BatchOrder
from trainer.points import PointBatches

FINISHED, FAILED = 0, 1


def run(config: RunConfig, out_dir: Path, emit: Callable[[Event], None], threads: int = 0) -> int:
    """Trains and tells. 0 when the run finished, 1 when it failed; either way the last event is Ended.

    `threads` above 0 overrides the config's: the environment in Started says what is in force. What `emit` raises passes through.
    """
    points = PointBatches(emit)
    try:
        ended = _train(config, out_dir, emit, points, threads if threads > 0 else config.threads)
    except Exception as error:  # this is the outermost frame of a child: whatever went wrong is the run's reason
        traceback.print_exc(file=sys.stderr)
        ended = Ended("failed", reason_of(error), points.last_step)
    points.flush()
    emit(ended)
    return FINISHED if ended.state == "finished" else FAILED


def _train(config: RunConfig, out_dir: Path, emit: Callable[[Event], None], points: PointBatches, threads: int) -> Ended:
    determinism.prepare_environment(threads)
    determinism.make_deterministic(threads)
    device = determinism.choose_device(config.device)
    data = load(config, device)
    model = build(config)
    known = {
        "data": digests.of_dataset(config.dataset.name, config.dataset.options),
        "split": digests.of_split(data.indices),
        "initial": digests.of_state(model.state_dict()),
        "code": digests.of_code_for(config),
    }
    model.to(device)
    emit(Started(known, environment.in_force(device) | environment.extensions_of(config), config.total_iterations))

    order = BatchOrder(config, data.train)
    best: dict[str, Tensor] | None = None
    state, reason = "finished", None
    observer = Observer(config.diagnostics, config.total_iterations, model, emit) if config.diagnostics else None
    for measured in train(config, model, data, order, observer):
        points.add(measured.step, measured.metrics)
        if measured.best:
            best = {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}
        if measured.stop == "early":
            emit(LogText(f"ended early at step {measured.step}: {measured.reason}"))
        if measured.stop == "non-finite":
            state, reason = "failed", measured.reason
    points.flush()

    final = {name: tensor.detach().to("cpu") for name, tensor in model.state_dict().items()}
    if best is not None:
        emit(write_weights(out_dir / "best.safetensors", best))
    emit(write_weights(out_dir / "final.safetensors", final))
    return Ended(state, reason, points.last_step, {"order": order.digest(), "final": digests.of_state(final)})


def write_weights(file: Path, state: Mapping[str, Tensor]) -> ArtifactWritten:
    """Writes a state dict so that a reader sees the whole file or none. Equal states give equal files."""
    content = safetensors.torch.save({name: tensor.contiguous() for name, tensor in state.items()}, metadata={"format": "pt"})
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return ArtifactWritten(file.name, str(file), len(content), hashlib.sha256(content).hexdigest())


def reason_of(error: BaseException) -> str:
    """Why a run failed, in a sentence. Memory that could not be had begins with "out of memory"."""
    said = str(error).strip().split("\n")[0] or type(error).__name__
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in said:
        return f"out of memory: {said}"
    if isinstance(error, determinism.DeviceMissing):
        return said
    return f"{type(error).__name__}: {said}"
