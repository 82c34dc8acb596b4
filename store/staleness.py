"""Whether what a verdict was judged with is still to be had: the build of torch, the training code, the image and the driver of living nodes.

A verdict says that a run comes out the same on the machines of its day. It is stale when no living node that serves the run's queue has what its
rerun was trained with: the next rerun would be another experiment. While one such node is left, as in the middle of an upgrade, it is not. What the
rerun or a node does not tell is not looked at, and with no node alive nothing can be said.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from store import nodes
from store.tables import Node, Run

WORDS = {"torch": "PyTorch", "code": "training code", "image": "image", "driver": "driver"}


def judged_with(rerun: Run) -> str | None:
    """What a verdict on the rerun depends on, as canonical JSON; None for a run that recorded nothing, which a client's never does."""
    environment: Mapping[str, Any] = rerun.environment or {}
    if rerun.origin != "managed" or not environment:
        return None
    torch, gpu = (_object(environment.get(name)) for name in ("torch", "gpu"))
    # With networks or data of other packages the digest is of their code, too, which no node tells.
    code = None if environment.get("extensions") else rerun.digests.get("code")
    known = {"torch": torch.get("version"), "code": code, "driver": gpu.get("driver"), "image": environment.get("image")}
    return json.dumps({"queue": rerun.queue, **{name: value for name, value in known.items() if value}}, sort_keys=True)


@dataclass(frozen=True)
class Trainer:
    """A living node as far as bits depend on it."""

    queues: frozenset[str]
    held: Mapping[str, str]


@dataclass(frozen=True)
class Fleet:
    """The living nodes."""

    trainers: tuple[Trainer, ...]

    @classmethod
    def of(cls, session: Session) -> "Fleet":
        return cls(tuple(_trainer(node) for node in nodes.alive(session)))

    def why_stale(self, judged_with: str | None) -> str | None:
        """Why a verdict that was judged with this is stale, as a sentence; None when it is not."""
        if judged_with is None:
            return None
        wanted: dict[str, str] = json.loads(judged_with)
        able = [trainer for trainer in self.trainers if wanted["queue"] in trainer.queues]
        gaps = [{name for name in WORDS if _differs(wanted.get(name), trainer.held.get(name))} for trainer in able]
        if not able or not all(gaps):
            return None
        parted = min(gaps, key=len)
        changes = [
            f"{WORDS[name]} was {_short(wanted[name])}, now {_listed(trainer.held.get(name) for trainer in able)}" for name in WORDS if name in parted
        ]
        return f"No living node has what this was judged with: {'; '.join(changes)}."


def _trainer(node: Node) -> Trainer:
    driver = next((device.get("driver") for device in node.devices if device.get("kind") == "cuda"), None)
    held = {**{name: node.versions.get(name) for name in ("torch", "code", "image")}, "driver": driver}
    return Trainer(frozenset(node.queues), {name: str(value) for name, value in held.items() if value})


def _differs(wanted: str | None, held: str | None) -> bool:
    return wanted is not None and held is not None and wanted != held


def _listed(held: Iterable[str | None]) -> str:
    return " or ".join(sorted({_short(value) for value in held if value}))


def _short(value: str) -> str:
    """A digest by its beginning."""
    return value[:12] if len(value) == 64 else value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
