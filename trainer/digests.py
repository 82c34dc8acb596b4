"""SHA-256 digests of what determines a run and of what it ends in."""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer import extensions
from trainer.config import RunConfig
from trainer.data import Images, decoded
from trainer.door import Options
from trainer.extensions import Extension


def of_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """Digest of named arrays in their order: of each, its name, dtype, shape and raw bytes.

    A file's digest would not do: the same tensors give other bytes under another file name, and a view brings its whole storage.
    """
    running = hashlib.sha256()
    for name, array in arrays:
        running.update(f"{name}|{array.dtype}|{tuple(array.shape)}|".encode())
        running.update(np.ascontiguousarray(array).data)
    return running.hexdigest()


def of_state(state: Mapping[str, Tensor]) -> str:
    """Digest of a model's weights and buffers, wherever they live."""
    return of_arrays((name, tensor.detach().to("cpu").numpy()) for name, tensor in state.items())


def of_split(parts: Mapping[str, Tensor]) -> str:
    """Digest of which images each part of the split holds, in its order."""
    return of_arrays((name, indices.numpy()) for name, indices in parts.items())


@functools.cache
def of_dataset(name: str, options: Options | None = None) -> str:
    """Digest of a data set's decoded images and labels."""
    images: Images = decoded(name, options)
    return of_arrays((("x", images.x), ("y", images.y)))


@functools.cache
def of_code() -> str:
    """Digest of this package's own source files."""
    folder = Path(__file__).parent
    files = sorted(folder.rglob("*.py"))
    return of_arrays((str(file.relative_to(folder)), np.frombuffer(file.read_bytes(), np.uint8)) for file in files)


def of_code_for(config: RunConfig) -> str:
    """Digest of all the code that a config needs: ours, and the sources of the packages whose networks or data it names."""
    others = [of_package(each) for each in extensions.used(config.model.kind, config.dataset.name)]
    return hashlib.sha256("|".join([of_code(), *others]).encode()).hexdigest() if others else of_code()


def of_package(extension: Extension) -> str:
    """Digest of the source files of the package that brings an extension."""
    module = extension.function.partition(":")[0]
    return of_arrays((name, np.frombuffer(content, np.uint8)) for name, content in extensions.source_files(module))


class RunningDigest:
    """A digest of index tensors that arrive one by one."""

    def __init__(self) -> None:
        self._running = hashlib.sha256()

    def add(self, indices: Tensor) -> None:
        assert indices.dtype == torch.int64
        self._running.update(indices.numpy().data)

    def add_text(self, text: str) -> None:
        self._running.update(text.encode())

    def hexdigest(self) -> str:
        return self._running.hexdigest()
