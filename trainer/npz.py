"""Images and labels out of an .npz file, as numpy.savez writes it: `x` and `y`."""

import ast
import io
import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from trainer.arrays import PIECE, ArrayFile, BadDataset, readable

ACCEPTED = "x, uint8 of [images, height, width] or [images, height, width, channels], and y, integers of [images]"
MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Frugal(io.FileIO):
    """A file that is read in small pieces only: a zip's list of contents that claims to have gigabytes is not read into memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = max(0, os.fstat(self.fileno()).st_size - self.tell())
        if size > PIECE:
            raise BadDataset("the npz file's list of contents is longer than that of any npz file with x and y")
        return cast(bytes, super().read(size))


def open_npz(file: Path) -> tuple[ArrayFile, ArrayFile]:
    """The images and the labels. Raises BadDataset. The file must stay where it is for as long as they are read."""
    with readable("the npz file"), _opened(file) as archive:
        held = {member.filename: member for member in archive.infolist()}
    if set(held) != {"x.npy", "y.npy"} or len(archive.infolist()) != 2:
        names = ", ".join(sorted(name.removesuffix(".npy")[:40] for name in held)[:10]) or "nothing"
        raise BadDataset(f"the npz file holds {names}; it takes {ACCEPTED}, and nothing else")
    for member in held.values():
        if member.flag_bits & 1 or member.compress_type not in COMPRESSIONS:
            raise BadDataset(f"{member.filename} is encrypted, or packed in another way than numpy.savez and numpy.savez_compressed do")
    return _array(file, held["x.npy"], "x"), _array(file, held["y.npy"], "y")


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    with Frugal(file) as content:
        try:
            archive = zipfile.ZipFile(cast(Any, content))
        except BadDataset:
            raise
        except (ValueError, OverflowError, struct.error) as error:
            raise BadDataset(f"the npz file cannot be read: {str(error)[:200]}") from error
        with archive:
            yield archive


def _array(file: Path, member: zipfile.ZipInfo, name: str) -> ArrayFile:
    with readable(name), _values(file, member) as values:
        header = _header(values, name)
        begins = values.tell()
    shape, descr = header.get("shape"), header.get("descr")
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise BadDataset(f"{name} has no shape that could be read")
    if not isinstance(descr, str):
        raise BadDataset(f"{name} is a structured array; the npz file takes {ACCEPTED}")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError) as error:
        raise BadDataset(f"{name} has the type {descr[:40]!r}; the npz file takes {ACCEPTED}") from error
    if dtype.hasobject:
        raise BadDataset(f"{name} holds pickled Python objects, which are never loaded; the npz file takes {ACCEPTED}")
    if header.get("fortran_order") and len(shape) > 1:
        raise BadDataset(f"{name} lies in Fortran order; save numpy.ascontiguousarray({name})")

    @contextmanager
    def from_the_first() -> Iterator[BinaryIO]:
        with _values(file, member) as values:
            if len(values.read(begins)) < begins:
                raise EOFError(f"{name} became shorter")
            yield values

    return ArrayFile(name, shape, dtype, from_the_first)


@contextmanager
def _values(file: Path, member: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    with _opened(file) as archive, archive.open(member) as values:
        yield cast(BinaryIO, values)


def _header(file: BinaryIO, name: str) -> dict[str, Any]:
    """What an .npy file says of its array (numpy.lib.format)."""
    magic = file.read(len(MAGIC) + 2)
    wide = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}.get(magic[len(MAGIC) :])
    if not magic.startswith(MAGIC) or wide is None:
        raise BadDataset(f"{name}.npy is no .npy file")
    length = int.from_bytes(file.read(wide), "little")
    if length > LONGEST_HEADER:
        raise BadDataset(f"{name}.npy has a header of {length:,} bytes; those of numpy have a hundred or so")
    try:
        header = ast.literal_eval(file.read(length).decode("utf-8"))
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadDataset(f"{name}.npy has a header that cannot be read") from error
    if not isinstance(header, dict):
        raise BadDataset(f"{name}.npy has a header that cannot be read")
    return header
