"""Decoded data sets in a folder of this machine: kept once under their digest, and mapped into memory, so that all who read share the pages."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.arrays import PIECE
from trainer.content import Content

FILES = ("x.npy", "y.npy")
UNUSED_S = 3600.0  # a data set that was wanted more recently is not removed for another's sake


class DatasetMissing(RuntimeError):
    """A data set is not at hand on this node."""


@dataclass(frozen=True)
class Images:
    """A decoded data set."""

    x: np.ndarray  # uint8 [n, height, width], or [n, height, width, channels] for more than one channel
    y: np.ndarray  # int64 [n]


class Library:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, digest: str) -> bool:
        return self._place(digest).is_dir()

    def open(self, content: Content) -> Images:
        """The data set, mapped, not read. Raises DatasetMissing."""
        place = self._place(content.digest)
        try:
            os.utime(place)
            return _mapped(place)
        except (OSError, ValueError) as error:
            raise DatasetMissing(f"data set {content.digest[:12]} is not in this node's folder of data sets") from error

    def take(self, content: Content, fill: Callable[[Path], None]) -> None:
        """Have the data set, once and for all: `fill` puts x.npy and y.npy into a folder, which counts only if the digest is right.

        Raises DatasetMissing when it is not, and whatever `fill` raises; nothing of it is left then.
        """
        if self.has(content.digest):
            return
        with self._draft() as draft:
            fill(draft)
            if (found := digest_of(_mapped(draft))) != content.digest:
                raise DatasetMissing(f"what should be data set {content.digest[:12]} has the digest {found[:12]}")
            self._keep(draft, content.digest)

    def add(self, x_file: Iterable[bytes], y_file: Iterable[bytes], content: Callable[[], Content]) -> Content:
        """Keep two files that are decoded while they are read; what they are is asked behind their ends."""
        with self._draft() as draft:
            for name, pieces in zip(FILES, (x_file, y_file), strict=True):
                with (draft / name).open("wb") as file:
                    file.writelines(pieces)
            found = content()
            self._keep(draft, found.digest)
        return found

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=self.folder, prefix=".draft-"))
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _keep(self, draft: Path, digest: str) -> None:
        try:
            draft.rename(self._place(digest))
        except OSError:
            if not self.has(digest):  # else another process was faster
                raise

    def make_room(self, most_bytes: int) -> None:
        """Remove what was wanted longest ago, until the rest has at most so many bytes. Drafts that were left behind go, too."""
        for draft in self.folder.glob(".draft-*"):
            if _age_s(draft) > UNUSED_S:
                shutil.rmtree(draft, ignore_errors=True)
        held = sorted((place for place in self.folder.glob("[0-9a-f]*") if place.is_dir()), key=_age_s)
        total = 0
        for place in held:
            total += sum(file.stat().st_size for file in place.iterdir())
            if total > most_bytes and _age_s(place) > UNUSED_S:
                shutil.rmtree(place, ignore_errors=True)

    def _place(self, digest: str) -> Path:
        return self.folder / digest


def digest_of(images: Images) -> str:
    """The digest by the rule of trainer/digests.py, read a megabyte at a time."""
    running = hashlib.sha256()
    for name, array in (("x", images.x), ("y", images.y)):
        running.update(f"{name}|{array.dtype}|{tuple(array.shape)}|".encode())
        for piece in _pieces(array):
            running.update(piece)
    return running.hexdigest()


_here: ContextVar[Library | None] = ContextVar("library", default=None)


def use(folder: Path) -> None:
    """This process finds its uploaded data sets in the folder."""
    _here.set(Library(folder))


def here() -> Library:
    """Raises DatasetMissing when nobody said where data sets lie."""
    found = _here.get()
    if found is None:
        raise DatasetMissing("this config names an uploaded data set, and no folder of data sets was given")
    return found


def _mapped(place: Path) -> Images:
    x, y = (np.load(place / name, mmap_mode="r", allow_pickle=False) for name in FILES)
    return Images(x, y)


def _pieces(array: np.ndarray) -> Iterator[memoryview]:
    flat = array.reshape(-1).view(np.uint8)
    for begin in range(0, len(flat), PIECE):
        yield np.ascontiguousarray(flat[begin : begin + PIECE]).data


def _age_s(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except FileNotFoundError:
        return 0.0
