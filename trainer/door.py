"""What a package gives to bring its own networks and data sets: no torch in here, nor in the module that fills these in.

# pyproject.toml of the package
[project.entry-points."runtwice.models"]
maxout = "my_package.door:MAXOUT"          # the entry's name is the model's kind

# my_package/door.py
class Maxout(NetworkConfig):
    kind: Literal["maxout"] = "maxout"
    width: int = Field(64, ge=1, le=4096, description="units")

MAXOUT = ModelDoor(Maxout, build="my_package.network:build", description="one layer of maxout units")
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainer.catalog import DatasetShape as DatasetShape
from trainer.part import Part


class NetworkConfig(Part):
    """To be derived from: a network's fields, beginning with `kind: Literal[...]`, each with a default, a range and a description."""


class Options(Part):
    """To be derived from: a data set's own fields, each with a default, a range and a description. They stand in a config under `dataset.options`."""


@dataclass(frozen=True)
class ModelDoor:
    """A kind of network. `build` names a function "module:function" of (the config's model, DatasetShape) -> torch.nn.Module.

    It is imported where a run is trained, and called right after `torch.manual_seed(seed)`. The module takes images as float rows [B, D], in
    the order channels, height, width, and gives [B, classes]. `weights`, if given, is a function of the same arguments: how many weights that
    will be, so that a network too large for the memory is refused before it is queued.
    """

    config: type[NetworkConfig]
    build: str
    description: str
    weights: Callable[[Any, DatasetShape], int] | None = None


@dataclass(frozen=True)
class DatasetDoor:
    """A labelled set of images. `load` names a function "module:function" of the options (None where it has none) -> (x, y).

    x is uint8 [n, height, width] or [n, height, width, channels], y whole numbers [n] below the number of classes; both as `shape` says, whatever the
    options. Equal options must give equal bytes: their digest is part of a run's.
    """

    shape: DatasetShape
    load: str
    description: str
    options: type[Options] | None = None
