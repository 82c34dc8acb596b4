"""SHA-256 digests of what determines a run and of what it ends in."""

import functools
import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from trainer.config import Dataset
from trainer.data import Images, decoded
from trainer.door import Options
from trainer.extensions import Extension, source_files
from trainer.source import of_code as of_code

SAMPLED = 512


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


def sample_of_state(state: Mapping[str, Tensor]) -> str:
    """Some values of every tensor of floats, evenly spaced and at most 512 together: "float32:" and their little-endian bytes in hex.

    Digests say that two states are not the same; this says how far they lie apart.
    """
    floats = [tensor.detach().to("cpu").reshape(-1) for tensor in state.values() if tensor.is_floating_point() and tensor.numel()][:SAMPLED]
    dtype = np.dtype("<f8" if any(each.dtype == torch.float64 for each in floats) else "<f4")
    values = [each[torch.linspace(0, len(each) - 1, min(len(each), SAMPLED // len(floats))).long()] for each in floats]
    return f"float{dtype.itemsize * 8}:" + b"".join(each.double().numpy().astype(dtype).tobytes() for each in values).hex()


def of_split(parts: Mapping[str, Tensor]) -> str:
    """Digest of which images each part of the split holds, in its order."""
    return of_arrays((name, indices.numpy()) for name, indices in parts.items())


@functools.cache
def of_dataset(name: str, options: Options | None = None) -> str:
    """Digest of a data set's decoded images and labels."""
    images: Images = decoded(name, options)
    return of_arrays((("x", images.x), ("y", images.y)))


def of_data(dataset: Dataset) -> str:
    """Digest of the data that a config names; of an uploaded data set the one it is kept under, which was checked when it came to this node."""
    return dataset.content.digest if dataset.content else of_dataset(dataset.name, dataset.options)


def of_package(extension: Extension) -> str:
    """Digest of the source files of the package that brings an extension."""
    module = extension.function.partition(":")[0]
    return of_arrays((name, np.frombuffer(content, np.uint8)) for name, content in source_files(module))


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
