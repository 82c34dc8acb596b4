"""What is known of each data set without opening it. No torch, no numpy: the API reads this."""

from dataclasses import dataclass


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

    @property
    def features(self) -> int:
        """Numbers in one image."""
        return self.height * self.width * self.channels


DATASETS: dict[str, DatasetShape] = {
    shape.name: shape
    for shape in (
        DatasetShape("mnist5k", images=5000, height=28, width=28, channels=1, classes=10, scale=255.0),
        DatasetShape("digits", images=1797, height=8, width=8, channels=1, classes=10, scale=16.0),
    )
}
