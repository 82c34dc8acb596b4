"""Whether what a verdict was judged with is still to be had: torch, training code, image, driver and packages of others on living nodes.

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
    torch, gpu, extensions = (_object(environment.get(name)) for name in ("torch", "gpu", "extensions"))
    known = {"torch": torch.get("version"), "code": rerun.digests.get("code"), "driver": gpu.get("driver"), "image": environment.get("image")}
    known |= {name: f"{found['package']} {found['version']}" for name, found in extensions.items()}  # as trainer.extensions.versions has them
    return json.dumps({"queue": rerun.queue, **{name: value for name, value in known.items() if value}}, sort_keys=True)


@dataclass(frozen=True)
class Trainer:
    """A living node as far as bits depend on it."""

    queues: frozenset[str]
    held: Mapping[str, str]

    def can_train(self, queue: str, names: Iterable[str]) -> bool:
        """Whether it serves the queue and has the packages of others, in whatever version."""
        return queue in self.queues and all(name in WORDS or name in self.held for name in names)


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
        names = [name for name in (*WORDS, *sorted(wanted.keys() - WORDS.keys() - {"queue"})) if name in wanted]
        able = [trainer for trainer in self.trainers if trainer.can_train(wanted["queue"], names)]
        gaps = [[name for name in names if _differs(wanted[name], trainer.held.get(name))] for trainer in able]
        if not able or not all(gaps):
            return None
        parted = min(gaps, key=len)
        changes = [
            f"{WORDS.get(name, name)} was {_short(wanted[name])}, now {_listed(trainer.held.get(name) for trainer in able)}" for name in parted
        ]
        return f"No living node has what this was judged with: {'; '.join(changes)}."


def _trainer(node: Node) -> Trainer:
    driver = next((device.get("driver") for device in node.devices if device.get("kind") == "cuda"), None)
    held = {**{name: node.versions.get(name) for name in ("torch", "code", "image")}, "driver": driver, **_object(node.versions.get("extensions"))}
    return Trainer(frozenset(node.queues), {name: str(value) for name, value in held.items() if value})


def _differs(wanted: str, held: str | None) -> bool:
    return held is not None and wanted != held


def _listed(held: Iterable[str | None]) -> str:
    return " or ".join(sorted({_short(value) for value in held if value}))


def _short(value: str) -> str:
    """A digest by its beginning."""
    return value[:12] if len(value) == 64 else value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
