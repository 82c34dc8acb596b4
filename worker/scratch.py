"""A folder of this process's own for weights in the making; what it finds there tells whether an earlier process of the node died."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scratch:
    folder: Path
    follows_a_death: bool  # an earlier process of this node, on this machine, left without clearing up


@contextmanager
def scratch(parent: Path, node: str) -> Iterator[Scratch]:
    """Mode 0700, removed at the end. What dead processes of this node left in theirs is removed now."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(node.encode()).hexdigest()[:12]  # a node's name may hold anything
    mine = parent / f"{name}-{os.getpid()}"
    dead = [folder for folder in parent.glob(f"{name}-*") if folder == mine or not _is_alive(int(folder.name.partition("-")[2]))]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    mine.mkdir(mode=0o700)
    try:
        yield Scratch(mine, bool(dead))
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
