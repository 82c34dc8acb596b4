"""Images and labels out of IDX files, the form in which MNIST and Fashion-MNIST are published, gzipped or not.

An IDX file is two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as four bytes, and the values.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from trainer.arrays import ArrayFile, BadDataset, readable

ACCEPTED = "IDX files of unsigned bytes: images of [images, height, width], labels of [images]"
UNSIGNED_BYTE = 8


def open_idx(file: Path, name: str) -> ArrayFile:
    """The array of an IDX file; `name` is what errors call it. Raises BadDataset."""
    with readable(name), _opened(file) as content:
        head = content.read(4)
        if len(head) < 4 or head[:2] != b"\0\0":
            raise BadDataset(f"{name} is no IDX file; taken are {ACCEPTED}, or one npz file")
        if head[2] != UNSIGNED_BYTE or head[3] not in (1, 3, 4):
            raise BadDataset(f"{name} is an IDX file of type {head[2]} with {head[3]} dimensions; taken are {ACCEPTED}")
        sizes = content.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise BadDataset(f"{name} is cut off in its header")
    shape = tuple(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4))

    @contextmanager
    def from_the_first() -> Iterator[BinaryIO]:
        with _opened(file) as content:
            content.read(4 + len(sizes))
            yield content

    return ArrayFile(name, shape, np.dtype(np.uint8), from_the_first)


def paired(arrays: Sequence[ArrayFile]) -> list[tuple[ArrayFile, ArrayFile]]:
    """The first images with the first labels, and so on, told apart by their dimensions. Raises BadDataset."""
    images, labels = [each for each in arrays if len(each.shape) > 1], [each for each in arrays if len(each.shape) == 1]
    if not images or len(images) != len(labels):
        raise BadDataset(f"got {len(images)} IDX files of images and {len(labels)} of labels; taken are as many of one as of the other, at least one")
    return list(zip(images, labels, strict=True))


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb") as raw:
        is_packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_packed else raw
