"""What this package brings. No torch and no numpy here: the API reads this, too."""

from typing import Literal

from pydantic import Field

from trainer.door import DatasetDoor, DatasetShape, ModelDoor, NetworkConfig, Options


class Maxout(NetworkConfig):
    """One layer of maxout units: each gives the largest of some linear functions of its input (Goodfellow et al. 2013, arXiv:1302.4389)."""

    kind: Literal["maxout"] = Field("maxout", description="a layer of maxout units")
    width: int = Field(32, ge=1, le=4096, description="units, 1 to 4096")
    pieces: int = Field(2, ge=2, le=16, description="linear functions of each unit, 2 to 16")


class RingsOptions(Options):
    noise: float = Field(0.1, ge=0, le=1, description="standard deviation of what is added to every pixel, as a share of a full one, 0 to 1")


def weights(config: Maxout, shape: DatasetShape) -> int:
    return (shape.features + 1) * config.width * config.pieces + (config.width + 1) * shape.classes


MAXOUT = ModelDoor(Maxout, build="runtwice_example.network:build", description="a layer of maxout units", weights=weights)
RINGS = DatasetDoor(
    DatasetShape("rings", images=600, height=12, width=12, channels=1, classes=3, scale=255.0),
    load="runtwice_example.rings:load",
    description="rings of three sizes, anywhere in the image, under noise",
    options=RingsOptions,
)
