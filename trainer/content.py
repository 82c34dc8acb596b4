"""What a config says of an uploaded data set: its shape, and the digest that pins it to the bit. No torch, no numpy."""

from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import Field

from trainer import catalog
from trainer.catalog import DatasetShape
from trainer.part import Part
from trainer.refusals import Takes, one_of, refuse, shown

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
NAME_WORDS = "a name of 1 to 100 letters, digits, dots, dashes and underscores, a letter or digit first"
DIGEST_WORDS = "a SHA-256 in hex, 64 letters and digits"
MOST_IMAGES = 1_000_000_000
MOST_PIXELS = 16_384  # along one side
MOST_CHANNELS = 64
MOST_CLASSES = 10_000
MOST_NAMES_SHOWN = 40


class Content(Part):
    """What stands behind the name of an uploaded data set. Filled in from the name; a stored config says by it what the run learns from."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Takes(DIGEST_WORDS)] = Field(description="SHA-256 of the decoded images and labels")
    images: Annotated[int, Ge(2), Le(MOST_IMAGES)] = Field(description="images with their labels")
    height: Annotated[int, Ge(1), Le(MOST_PIXELS)] = Field(description="pixels")
    width: Annotated[int, Ge(1), Le(MOST_PIXELS)] = Field(description="pixels")
    channels: Annotated[int, Ge(1), Le(MOST_CHANNELS)] = Field(description="numbers of a pixel")
    classes: Annotated[int, Ge(1), Le(MOST_CLASSES)] = Field(description="labels are 0 to below this")

    def shape(self, name: str) -> DatasetShape:
        sizes = (self.images, self.height, self.width, self.channels, self.classes)
        return DatasetShape(name, *sizes, scale=catalog.FULL_PIXEL, digest=self.digest, uploaded=True)


def of(shape: DatasetShape) -> dict[str, Any]:
    """The content of an uploaded data set as a config holds it."""
    return {name: getattr(shape, name) for name in Content.model_fields}


def filled_in(dataset: Any) -> Any:
    """The `dataset` of a config with the content that its name stands for here. Refused: an unknown name, and content of something else."""
    if not isinstance(dataset, dict) or not isinstance(name := dataset.get("name"), str):
        return dataset
    known, content = catalog.find(name), dataset.get("content")
    if known is None and content is None:
        raise refuse(("name",), f"takes a data set, one of {_listed(catalog.names())}", name)
    if known is None:
        return dataset
    if not known.uploaded:
        if content is not None:
            raise refuse(("content",), f"takes null for {name}, which every installation brings along", content)
        return dataset
    if content is not None and not isinstance(content, dict):
        return dataset
    right = of(known)
    for field, given in (content or {}).items():
        if field in right and given != right[field]:
            raise refuse(("content", field), f"takes {right[field]}, as {name} has it here; leave `content` out and it is filled in", given)
    return {**dataset, "content": {**right, **(content or {})}}


def _listed(names: list[str]) -> str:
    if len(names) <= MOST_NAMES_SHOWN:
        return one_of(tuple(names))
    return f"{', '.join(shown(name) for name in names[:MOST_NAMES_SHOWN])} and {len(names) - MOST_NAMES_SHOWN} more"
