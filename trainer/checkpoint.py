"""Checkpoints: files from which a training goes on as if it had never stopped.

A checkpoint is a safetensors file, the facts that are no tensors as JSON in its metadata, named by its step and its SHA-256: what was torn or
changed on the way does not match its name. Nothing in it is unpickled.
"""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch

from trainer.events import CheckpointWritten
from trainer.training import State

GENERATIONS = 2
PIECE = 1 << 20
NAME = re.compile(r"(\d{10})-([0-9a-f]{64})\.safetensors")


class NoCheckpoint(ValueError):
    """The file is no whole checkpoint, or one of another training; says which."""


@dataclass(frozen=True)
class Checkpoint:
    """A training's state, and what it is a state of: config, code, device kind, order of batches so far."""

    state: State
    of: Mapping[str, Any]


class CheckpointFolder:
    """A folder with the newest checkpoints of one run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self) -> list[Path]:
        """Newest first, whole or not."""
        found = self.root.iterdir() if self.root.is_dir() else []
        return sorted((file for file in found if NAME.fullmatch(file.name)), reverse=True)

    def write(self, checkpoint: Checkpoint) -> CheckpointWritten:
        """The file, which is on disk for good now; all but the newest two are gone. A reader sees the whole file or none."""
        content = encode(checkpoint)
        sha256 = hashlib.sha256(content).hexdigest()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.root.resolve() / f"{checkpoint.state.step:010d}-{sha256}.safetensors"
        unfinished = file.with_name(f".unfinished-{os.getpid()}")
        self._fill(unfinished, content)
        unfinished.replace(file)
        _fsync_folder(self.root)
        for old in self.files()[GENERATIONS:]:
            old.unlink(missing_ok=True)
        return CheckpointWritten(checkpoint.state.step, str(file), len(content), sha256)

    def clear(self) -> None:
        """No checkpoint is left."""
        for file in self.files():
            file.unlink(missing_ok=True)

    def _fill(self, unfinished: Path, content: bytes) -> None:
        with unfinished.open("wb") as out:
            for begin in range(0, len(content), PIECE):
                out.write(memoryview(content)[begin : begin + PIECE])
            out.flush()
            os.fsync(out.fileno())


def newest_good(files: Iterable[Path], of: Mapping[str, Any]) -> tuple[Checkpoint | None, list[str]]:
    """The first of the files that is a whole checkpoint of the same training, and why those before it are none."""
    complaints: list[str] = []
    for file in files:
        try:
            return read(file, of), complaints
        except (NoCheckpoint, OSError) as error:
            complaints.append(f"checkpoint {file.name[:10]} cannot be used: {error}")
    return None, complaints


def read(file: Path, of: Mapping[str, Any]) -> Checkpoint:
    """Raises NoCheckpoint unless the file is whole and agrees with `of` in everything that names. OSError."""
    match = NAME.fullmatch(file.name)
    if match is None:
        raise NoCheckpoint("it is named otherwise than checkpoints are")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != match.group(2):
        raise NoCheckpoint(f"its {len(content)} bytes are not those that were written")
    checkpoint = decode(content)
    for name, value in of.items():
        if checkpoint.of.get(name) != value:
            raise NoCheckpoint(f"it is of another {name}")
    return checkpoint


def encode(checkpoint: Checkpoint) -> bytes:
    facts = json.dumps({"of": checkpoint.of, "facts": _told(checkpoint.state.facts)})
    tensors = {name: tensor.contiguous() for name, tensor in checkpoint.state.tensors.items()}
    return bytes(safetensors.torch.save(tensors, metadata={"format": "pt", "runtwice": facts}))


def decode(content: bytes) -> Checkpoint:
    """Raises NoCheckpoint."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        told = json.loads(header["__metadata__"]["runtwice"])
        return Checkpoint(State(safetensors.torch.load(content), _understood(told["facts"])), told["of"])
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise NoCheckpoint(f"it holds no training: {error}") from error


def _told(value: Any) -> Any:
    """As JSON. Tuples and mappings whose keys are no texts (such as a scheduler's milestones) are named as what they are. TypeError for others."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_told(each) for each in value]
    if isinstance(value, tuple):
        return {"(tuple)": [_told(each) for each in value]}
    if isinstance(value, Counter):
        return {"(counter)": [[_told(key), count] for key, count in value.items()]}
    if isinstance(value, Mapping):
        return {"(mapping)": [[_told(key), _told(each)] for key, each in value.items()]}
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _understood(value: Any) -> Any:
    if isinstance(value, list):
        return [_understood(each) for each in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    pairs: Sequence[Any] = [_understood(each) for each in held]
    if kind == "(tuple)":
        return tuple(pairs)
    if kind in ("(counter)", "(mapping)"):
        held_by_key = dict(pairs)
        return Counter(held_by_key) if kind == "(counter)" else held_by_key
    raise ValueError(f"unknown kind {kind}")


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
