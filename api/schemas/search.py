"""What is found by some letters of a name."""

from typing import Literal

from typing_extensions import TypedDict


class FoundShown(TypedDict):
    """`address` is where the page shows it."""

    kind: Literal["project", "study", "run"]
    id: str
    project: str
    name: str
    address: str
