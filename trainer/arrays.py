"""Arrays in files, read piece by piece: what a file says of an array, held against what really comes. No torch; nothing is unpickled."""

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from gzip import BadGzipFile
from typing import BinaryIO

import numpy as np

PIECE = 1 << 20
UNREADABLE = (zipfile.BadZipFile, zlib.error, BadGzipFile, EOFError, NotImplementedError)


class BadDataset(ValueError):
    """A file that is no data set: what was got, and what is accepted."""


@dataclass(frozen=True)
class ArrayFile:
    """An array as a file's header describes it. `open` gives its values' bytes, in C order, as often as they are wanted."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    open: Callable[[], AbstractContextManager[BinaryIO]]

    @property
    def size_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def pieces(self) -> Iterator[np.ndarray]:
        """The values, flat, about a megabyte at a time. Raises BadDataset when there are fewer or more than the header says."""
        with readable(self.name), self.open() as file:
            left = self.size_bytes
            while left:
                piece = _exactly(file, min(PIECE, left))
                if piece is None:
                    raise BadDataset(f"{self.name} is cut off: of the {self.size_bytes:,} bytes its header says, some of the last {left:,} lack")
                left -= len(piece)
                yield np.frombuffer(piece, self.dtype)
            if file.read(1):
                raise BadDataset(f"{self.name} has more bytes than the {self.size_bytes:,} its header says")


@contextmanager
def readable(name: str) -> Iterator[None]:
    """What a broken archive raises as BadDataset."""
    try:
        yield
    except UNREADABLE as error:
        raise BadDataset(f"{name} cannot be read: {str(error)[:200] or type(error).__name__}") from error


def _exactly(file: BinaryIO, count: int) -> bytes | None:
    """So many bytes; None when the file ends before."""
    taken = bytearray()
    while len(taken) < count:
        piece = file.read(count - len(taken))
        if not piece:
            return None
        taken += piece
    return bytes(taken)
