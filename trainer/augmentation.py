"""How training images are varied, as a config says it. No torch: see augment.py for what is done."""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from trainer.catalog import DatasetShape
from trainer.part import NoMinusZero, Part, Share

MOST_SHIFT = 1024


class Augmentation(Part):
    """Training images are varied anew in every step, as a function of seed and step alone; validation and test images never are."""

    shift_pixels: Annotated[int, Ge(0), Le(MOST_SHIFT)] = Field(
        0, description=f"each image moves by up to so many pixels, evenly drawn, along both axes; what it leaves is 0; 0 to {MOST_SHIFT}"
    )
    flip_p: Share = Field(0.0, description="probability that an image is mirrored left to right, 0 to 1")
    noise_sd: Annotated[float, Ge(0), Le(10), NoMinusZero] = Field(
        0.0, description="standard deviation of the normal noise added to every number of an image, a full pixel being 1; 0 to 10"
    )

    def misfit(self, shape: DatasetShape) -> str | None:
        """What `shift_pixels` takes with images of this size, when that is less."""
        most = min(shape.height, shape.width)
        return f"takes at most {most}: the images have {shape.height}x{shape.width} pixels" if self.shift_pixels > most else None

    def numbers(self, shape: DatasetShape) -> int:
        """Numbers held at once for each image of a batch while it is varied."""
        bordered = (shape.height + 2 * self.shift_pixels) * (shape.width + 2 * self.shift_pixels) * shape.channels
        return bordered + 3 * shape.features + 6 * shape.height * shape.width  # the rest: what comes out, noise, and where pixels come from
