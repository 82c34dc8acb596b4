"""A folder of NAME.npz files as data sets for configs that are trained without a service."""

import re
from pathlib import Path

from trainer import library
from trainer.arrays import BadDataset
from trainer.catalog import DATASETS, DatasetShape
from trainer.content import NAME, NAME_WORDS, Content
from trainer.decoding import Decoding, open_files

DECODED = ".decoded"


def put_up(folder: Path) -> list[DatasetShape]:
    """Every NAME.npz of the folder, decoded into its `.decoded`, where this process finds them from now on. Raises BadDataset."""
    library.use(folder / DECODED)
    return [_put_up(file) for file in sorted(folder.glob("*.npz"))]


def _put_up(file: Path) -> DatasetShape:
    name = file.stem
    if not re.fullmatch(NAME, name) or name in DATASETS:
        raise BadDataset(f"{file}: {name!r} cannot be the name of a data set; it takes {NAME_WORDS}, and none of {', '.join(DATASETS)}")
    decoding = Decoding(open_files([(file.name, file)]), limit_bytes=2**63)
    return _decoded(decoding).shape(name)


def _decoded(decoding: Decoding) -> Content:
    return library.here().add(decoding.x_file(), decoding.y_file(), lambda: decoding.content)
