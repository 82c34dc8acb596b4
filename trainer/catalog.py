"""What is known of each data set without opening it. No torch, no numpy: the API reads this."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

FULL_PIXEL = 255.0  # of every data set that was uploaded


@dataclass(frozen=True)
class DatasetShape:
    """A labelled set of images as a run sees it."""

    name: str
    images: int
    height: int  # pixels
    width: int  # pixels
    channels: int
    classes: int
    scale: float  # the value of a full pixel: images are divided by it
    digest: str = ""  # of the decoded images and labels, see trainer/digests.py; empty where it is not known beforehand
    uploaded: bool = False
    counts: tuple[int, ...] = ()  # images of each class; empty where it is not known beforehand

    @property
    def features(self) -> int:
        """Numbers in one image."""
        return self.height * self.width * self.channels


DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
# Those that every installation brings along.
DATASETS: dict[str, DatasetShape] = {
    shape.name: shape
    for shape in (
        DatasetShape("mnist5k", 5000, 28, 28, 1, 10, 255.0, "e6d7b52f32273d9c4d1e58f0c53b61420447672f530a3fc5424f90b9bbc70672", counts=(500,) * 10),
        DatasetShape("digits", 1797, 8, 8, 1, 10, 16.0, "c4671cf8816027aab32a03dabe0f58e4cd8ffb872e36c6f48cc7273cea5f4154", counts=DIGITS),
    )
}
_uploaded: ContextVar[Mapping[str, DatasetShape]] = ContextVar("uploaded", default=MappingProxyType({}))


def find(name: str) -> DatasetShape | None:
    """What a config may mean by the name here: a data set of every installation, or one that was made known."""
    return DATASETS.get(name) or _uploaded.get().get(name)


def names() -> list[str]:
    return sorted({*DATASETS, *_uploaded.get()})


def make_known(shapes: Iterable[DatasetShape]) -> None:
    """From now on, in this task or thread, configs may name these uploaded data sets, and no others that were known before."""
    _uploaded.set({shape.name: shape for shape in shapes})


@contextmanager
def knowing(shapes: Iterable[DatasetShape]) -> Iterator[None]:
    """The same for a while."""
    token = _uploaded.set({shape.name: shape for shape in shapes})
    try:
        yield
    finally:
        _uploaded.reset(token)
