"""Why two runs may have parted, said from their records alone and in the order in which training meets each cause."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.leaves import Change


@dataclass(frozen=True)
class Cause:
    """Something that differs between the records. `likely` is false where what was compared speaks against it."""

    what: str
    original: Any
    rerun: Any
    likely: bool
    why: str

    def document(self) -> dict[str, Any]:
        return {"what": self.what, "original": self.original, "rerun": self.rerun, "likely": self.likely, "why": self.why}


@dataclass(frozen=True)
class Circumstance:
    """A part of the environment record known to change bits, and the digests that cannot break because of it."""

    what: str
    paths: tuple[str, ...]
    why: str
    innocent_of: tuple[str, ...] = ()


DRAWN_ON_CPU = ("split", "order", "initial")
CIRCUMSTANCES = (
    Circumstance("code", ("code",), "The training code itself is not the same."),
    Circumstance("torch", ("torch.version", "torch"), "Releases of PyTorch do not promise each other's bits, in kernels or in random numbers."),
    Circumstance("device", ("device",), "Another device adds in another order. Weights and batches are drawn on the CPU in any case.", DRAWN_ON_CPU),
    Circumstance(
        "cpu_capability", ("cpu.capability",), "Another instruction set selects other CPU kernels, which round otherwise.", ("split", "order")
    ),
    Circumstance("threads", ("threads",), "A sum is split among the threads in force, and its bits depend on the order of adding.", DRAWN_ON_CPU),
)
WITHOUT_EFFECT = ("best_metric", "eval_every")


def found(
    checked: Mapping[str, str],
    config: Sequence[Change],
    environment: Sequence[Change],
    original: Mapping[str, str | None],
    rerun: Mapping[str, str | None],
) -> list[Cause]:
    """The causes on record, earliest first. None means that the records are the same, and what made the difference is in neither."""
    return [*_of_inputs(checked, config, original, rerun), *_of_circumstances(checked, environment)]


def _of_inputs(
    checked: Mapping[str, str], config: Sequence[Change], original: Mapping[str, str | None], rerun: Mapping[str, str | None]
) -> Iterator[Cause]:
    if checked["data"] == "different":
        yield Cause("data", original["data"], rerun["data"], True, "The runs were trained on different data.")
    for change in config:
        effect = change.path.split(".")[0] not in WITHOUT_EFFECT
        why = "The configs ask for different things." if effect else "The configs differ here, but not in a way that changes the weights."
        yield Cause(f"config.{change.path}", change.from_, change.to, effect, why)


def _of_circumstances(checked: Mapping[str, str], environment: Sequence[Change]) -> Iterator[Cause]:
    differing = {change.path: change for change in environment}
    broken = {name for name, check in checked.items() if check == "different"}
    for circumstance in CIRCUMSTANCES:
        change = next((differing[path] for path in circumstance.paths if path in differing), None)
        if change is not None:
            yield Cause(circumstance.what, change.from_, change.to, broken.isdisjoint(circumstance.innocent_of), circumstance.why)
