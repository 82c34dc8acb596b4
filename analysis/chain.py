"""Two digest chains held against each other: the first link that broke, and in which parts."""

from dataclasses import dataclass
from typing import Any

from analysis.evidence import Chain

# Upstream first: batches and random numbers make the weights, weights make what the optimizer and the buffers hold.
PARTS = ("order", "rng", "weights", "optimizer", "buffers")


@dataclass(frozen=True)
class Break:
    """Behind `step` these parts are not the same; behind `after`, the link before it, all of them were. None: there is no link before it."""

    step: int
    after: int | None
    parts: tuple[str, ...]  # the first is the one furthest upstream

    def document(self) -> dict[str, Any]:
        return {"step": self.step, "after": self.after, "part": self.parts[0], "parts": list(self.parts)}


def compared(original: Chain, rerun: Chain) -> tuple[int, Break | None]:
    """How many links both chains have, and the first that is not the same. A link or a part that one of them lacks is not compared."""
    steps = sorted(original.keys() & rerun.keys())
    for place, step in enumerate(steps):
        broken = _broken(original, rerun, step)
        if broken:
            return len(steps), Break(step, steps[place - 1] if place else None, broken)
    return len(steps), None


def _broken(original: Chain, rerun: Chain, step: int) -> tuple[str, ...]:
    ours, theirs = original[step], rerun[step]
    broken = [part for part in ours.keys() & theirs.keys() if ours[part] != theirs[part]]
    return tuple(sorted(broken, key=lambda part: (PARTS.index(part) if part in PARTS else len(PARTS), part)))
