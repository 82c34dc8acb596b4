"""One run from its config to its files, told as events: what a worker's child and `python -m trainer` both call."""

import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from trainer import determinism, digests, environment
from trainer.config import RunConfig
from trainer.data import load
from trainer.events import ArtifactWritten, Digests, Ended, Event, LogText, Snapshot, Started
from trainer.loop import Observer, train
from trainer.model import build
from trainer.observer import LayerObserver
from trainer.order import BatchOrder
from trainer.points import PointBatches
from trainer.saver import Checkpoints as Checkpoints
from trainer.saver import Saver
from trainer.training import Training

FINISHED, FAILED = 0, 1
NO_MEMORY = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")


def run(
    config: RunConfig,
    out_dir: Path,
    emit: Callable[[Event], None],
    threads: int = 0,
    checkpoints: Checkpoints | None = None,
    observers: Sequence[Observer] = (),
) -> int:
    """Trains and tells. 0 when the run finished, 1 when it failed; either way the last event is Ended.

    `threads` above 0 overrides the config's: the environment in Started says what is in force. Without `checkpoints` none are written. What `emit`
    raises passes through.
    """
    points = PointBatches(emit)
    try:
        ended = _train(config, out_dir, emit, points, threads if threads > 0 else config.threads, checkpoints, observers)
    except Exception as error:  # this is the outermost frame of a child: whatever went wrong is the run's reason
        traceback.print_exc(file=sys.stderr)
        ended = Ended("failed", reason_of(error), points.last_step)
    points.flush()
    emit(ended)
    return FINISHED if ended.state == "finished" else FAILED


def _train(
    config: RunConfig,
    out_dir: Path,
    emit: Callable[[Event], None],
    points: PointBatches,
    threads: int,
    checkpoints: Checkpoints | None,
    observers: Sequence[Observer],
) -> Ended:
    determinism.prepare_environment(threads)
    determinism.make_deterministic(threads)
    device = determinism.choose_device(config.device)
    data = load(config, device)
    model = build(config)
    known = {
        "data": digests.of_data(config.dataset),
        "split": digests.of_split(data.indices),
        "initial": digests.of_state(model.state_dict()),
        "initial_sample": digests.sample_of_state(model.state_dict()),
        "code": digests.of_code(),
    }
    model.to(device)
    training, order = Training(config, model), BatchOrder(config, data.train)
    surroundings = environment.in_force(device, training.optimizer, data.train.target) | environment.extensions_of(config)
    saver = Saver(config, checkpoints, emit, known, surroundings)
    resumed_from = saver.take_up(training, order)
    emit(Started(known, saver.environment, config.total_iterations, resumed_from))
    for line in saver.lines:
        emit(LogText(line))

    state, reason = "finished", None
    seen: list[Snapshot] = []
    if config.diagnostics:
        observers = (*observers, LayerObserver(config.diagnostics, config.total_iterations, model, seen.append))
    for block in train(training, data, order, observers):
        points.add(block.rows)
        for snapshot in seen:
            if snapshot.step <= block.rows.last:  # what was seen behind a step that turned out to be the last one is not told
                emit(snapshot)
        seen.clear()
        if block.link is not None:
            emit(Digests(block.rows.last, block.link))
        if block.stop == "early":
            emit(LogText(f"ended early at step {block.rows.last}: {block.reason}"))
        if block.stop == "non-finite":
            state, reason = "failed", block.reason
        saver.collect()
        if block.stop is None and saver.is_due(training.step):
            points.flush()
            saver.write(training, order)
    saver.close()
    points.flush()

    final = {name: tensor.detach().to("cpu") for name, tensor in model.state_dict().items()}
    if training.best_weights is not None:
        emit(write_weights(out_dir / "best.safetensors", training.best_weights))
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
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in said for words in NO_MEMORY):
        return f"out of memory: {said}"
    if isinstance(error, determinism.DeviceMissing):
        return said
    return f"{type(error).__name__}: {said}"
