"""From uploaded files to the arrays that are kept: checked hard, joined, digested, a megabyte in memory at a time.

Kept are two .npy files: images as uint8 [n, height, width], or [n, height, width, channels] for more than one channel, and labels as
int64 [n], both in C order. The digest is the one of trainer/digests.py over the two.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from trainer.arrays import ArrayFile, BadDataset
from trainer.content import MOST_CHANNELS, MOST_CLASSES, MOST_IMAGES, MOST_PIXELS, Content
from trainer.idx import open_idx, paired
from trainer.npz import open_npz

Pair = tuple[ArrayFile, ArrayFile]
ZIP = b"PK"


def open_files(files: Sequence[tuple[str, Path]]) -> list[Pair]:
    """Images and labels of one npz file, or of IDX files; each file comes with what errors call it. Raises BadDataset."""
    kinds = [_begins_as_zip(file) for _, file in files]
    if kinds == [True]:
        return [open_npz(files[0][1])]
    if any(kinds) or not files:
        raise BadDataset("takes one npz file by itself, or IDX files: images and their labels")
    return paired([open_idx(file, name) for name, file in files])


class Decoding:
    """A data set about to be made of files that were opened: pairs of images and labels, joined in their order."""

    def __init__(self, pairs: Sequence[Pair], limit_bytes: int) -> None:
        """Looks through all labels, and at no image yet. Raises BadDataset."""
        self._images, self._labels = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        sides = {_sides(images) for images in self._images}
        if len(sides) > 1:
            raise BadDataset(f"images of {' and '.join(_times(side) for side in sorted(sides))}; all must have one size")
        (self._side,) = sides
        for images, labels in pairs:
            _must_go_together(images, labels)
        self.parts = [labels.shape[0] for labels in self._labels]
        self.size_bytes = sum(images.size_bytes for images in self._images) + 8 * sum(self.parts)
        _must_be_within("images", sum(self.parts), 2, MOST_IMAGES)
        if self.size_bytes > limit_bytes:
            raise TooLarge(f"decoded it has {self.size_bytes:,} bytes; a data set may have {limit_bytes:,} here")
        self.counts = self._counted()
        self._running = hashlib.sha256()

    def x_file(self) -> Iterator[bytes]:
        """The .npy file of the images, piece by piece; to be read before that of the labels. Raises BadDataset."""
        height, width, channels = self._side
        shape = (sum(self.parts), height, width, *((channels,) if channels > 1 else ()))
        return self._file("x", "|u1", "uint8", shape, (piece.tobytes() for images in self._images for piece in images.pieces()))

    def y_file(self) -> Iterator[bytes]:
        return self._file("y", "<i8", "int64", (sum(self.parts),), (piece.astype("<i8").tobytes() for piece in self._label_pieces()))

    @cached_property
    def content(self) -> Content:
        """What the data set is, once both files were read to their ends."""
        height, width, channels = self._side
        sizes = {"height": height, "width": width, "channels": channels, "classes": len(self.counts)}
        return Content(digest=self._running.hexdigest(), images=sum(self.parts), **sizes)

    def _file(self, name: str, descr: str, dtype: str, shape: tuple[int, ...], pieces: Iterator[bytes]) -> Iterator[bytes]:
        self._running.update(f"{name}|{dtype}|{shape}|".encode())
        yield npy_header(descr, shape)
        for piece in pieces:
            self._running.update(piece)
            yield piece

    def _label_pieces(self) -> Iterator[np.ndarray]:
        return (piece for labels in self._labels for piece in labels.pieces())

    def _counted(self) -> list[int]:
        """Images of each class. Raises BadDataset for a label that is none."""
        counts = np.zeros(MOST_CLASSES, np.int64)
        for piece in self._label_pieces():
            least, most = int(piece.min()), int(piece.max())
            if least < 0 or most >= MOST_CLASSES:
                raise BadDataset(f"a label is {least if least < 0 else most}; labels are class numbers, 0 to at most {MOST_CLASSES - 1}")
            counts += np.bincount(piece.astype(np.int64), minlength=MOST_CLASSES)
        return [int(count) for count in np.trim_zeros(counts, "b")]


class TooLarge(BadDataset):
    """More bytes than may be kept."""


def npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    """The beginning of an .npy file; the values follow. Its length is a multiple of 64, so that they lie well in memory."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def _sides(images: ArrayFile) -> tuple[int, int, int]:
    """Height, width, channels."""
    if images.dtype != np.uint8 or len(images.shape) not in (3, 4):
        got = f"{images.dtype} {_brackets(images.shape)}"
        raise BadDataset(f"{images.name} is {got}; takes uint8 [images, height, width] or [images, height, width, channels]")
    height, width, channels = (*images.shape[1:], 1)[:3]
    for what, size, most in (("height", height, MOST_PIXELS), ("width", width, MOST_PIXELS), ("channels", channels, MOST_CHANNELS)):
        _must_be_within(what, size, 1, most)
    return height, width, channels


def _must_go_together(images: ArrayFile, labels: ArrayFile) -> None:
    if labels.dtype.kind not in "iu" or len(labels.shape) != 1:
        raise BadDataset(f"{labels.name} is {labels.dtype} {_brackets(labels.shape)}; takes integers [images], the number of each image's class")
    if images.shape[0] != labels.shape[0]:
        raise BadDataset(f"{images.name} has {images.shape[0]:,} images and {labels.name} {labels.shape[0]:,} labels; takes one label for each image")
    if images.shape[0] == 0:
        raise BadDataset(f"{images.name} has no images")


def _must_be_within(what: str, size: int, least: int, most: int) -> None:
    if not least <= size <= most:
        raise BadDataset(f"{what}: {size:,}; takes {least:,} to {most:,}")


def _begins_as_zip(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(2) == ZIP


def _brackets(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape[:8]))}]"


def _times(side: tuple[int, int, int]) -> str:
    return "x".join(map(str, side))
