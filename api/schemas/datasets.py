"""Data sets as they are shown."""

from typing import NotRequired

from typing_extensions import TypedDict


class DatasetShown(TypedDict):
    """`shape` is that of the images; `counts` are images per class; `parts` are the numbers of images of the files that were joined.

    `digest` is what `digests.data` of a run says that learned from it.
    """

    name: str
    digest: str
    shape: list[int]
    images: int
    height: int
    width: int
    channels: int
    classes: int
    counts: list[int]
    parts: list[int]
    size_bytes: int
    uploaded: bool
    created_at: str | None


class DatasetPage(TypedDict):
    items: list[DatasetShown]
    next_cursor: str | None
    total: NotRequired[int]
