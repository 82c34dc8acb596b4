"""A sheet of small pictures: some images of each class of a data set, a class a row."""

import numpy as np

from api import png
from api.parts import Parts
from api.problems import Problem
from store import datasets
from trainer import extensions
from trainer.catalog import DATASETS, DatasetShape
from trainer.library import DatasetMissing, Images
from trainer.wheels import decoded

PER_CLASS = 10
MOST_CLASSES = 50
LOOKED_AT = 1_000_000
SMALLEST, LARGEST = 32, 64  # pixels along an image's longer side
GAP = 2
VERSION = "1"  # of the sheet's looks


def sheet(parts: Parts, name: str, known: str) -> tuple[str, bytes | None]:
    """The sheet's ETag, and its file, None when the caller knows it. Raises DatasetNotFound, Problem 404."""
    if name in extensions.FOUND.datasets:  # its package's code runs in training processes only
        raise Problem(404, f"There is no sheet of {name}: its images are made by another package, where a run learns from them.")
    if name in DATASETS:
        shape = DATASETS[name]
    else:
        with parts.db.read() as session:
            row = datasets.get(session, name)
        shape = datasets.shape(row)
    etag = f'"{shape.digest[:32]}-{VERSION}"'
    if etag in known:
        return etag, None
    try:
        images = decoded(name) if name in DATASETS else _mapped(parts, row.x_sha256, row.y_sha256)
    except (DatasetMissing, OSError) as error:
        raise Problem(404, f"The images of {name} are not at hand on this server.") from error
    return etag, png.encode(drawn(images, shape))


def drawn(images: Images, shape: DatasetShape) -> np.ndarray:
    """The pictures, a row for each class and its first images in it: uint8 [height, width, channels]."""
    every = max(1, len(images.y) // LOOKED_AT)
    labels = np.asarray(images.y[::every])
    chosen = [np.flatnonzero(labels == label)[:PER_CLASS] * every for label in range(min(shape.classes, MOST_CLASSES))]
    small = [[_small(images.x[place], shape) for place in places] for places in chosen]
    height, width, channels = next(picture.shape for row in small for picture in row)
    made = np.full((len(small) * (height + GAP), PER_CLASS * (width + GAP), channels), 96, np.uint8)
    for at, row in enumerate(small):
        for place, picture in enumerate(row):
            made[at * (height + GAP) :, place * (width + GAP) :][:height, :width] = picture
    return made


def _small(image: np.ndarray, shape: DatasetShape) -> np.ndarray:
    """An image of some 32 to 64 pixels, with 1, 3 or 4 channels; of others the first is shown."""
    picture = image.reshape(shape.height, shape.width, shape.channels)
    if shape.channels not in png.COLOURS:
        picture = picture[:, :, :1]
    longer = max(shape.height, shape.width)
    picture = picture[:: -(-longer // LARGEST), :: -(-longer // LARGEST)]
    larger = max(1, SMALLEST // longer)
    picture = picture.repeat(larger, axis=0).repeat(larger, axis=1)
    return picture if shape.scale == 255 else (picture * (255 / shape.scale)).astype(np.uint8)


def _mapped(parts: Parts, *digests: str) -> Images:
    x, y = (np.load(parts.files.path(sha256), mmap_mode="r", allow_pickle=False) for sha256 in digests)
    return Images(x, y)
