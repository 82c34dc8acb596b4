"""A nursery whose children do what tests/worker/entries.py says, and words to ask about processes with."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.child import Order
from worker.children import Child, Happening
from worker.nursery import Nursery

HERE = Path(__file__).parent
Spawn = Callable[..., Child]
Do = Callable[..., list[Happening]]


@pytest.fixture(autouse=True)
def _entries_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{HERE}{os.pathsep}{HERE.parent.parent}")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery("entries:preload")
    nursery.start()
    yield nursery
    nursery.close()


@pytest.fixture
def spawn(nursery: Nursery) -> Spawn:
    """spawn("exit_with", code=3) is a child that does it."""
    return lambda entry, **arguments: nursery.spawn(order(entry, **arguments))


@pytest.fixture
def do(spawn: Spawn) -> Do:
    """do("exit_with", code=3) is everything that happened until it ended."""
    return lambda entry, **arguments: list(spawn(entry, **arguments).happenings())


def order(entry: str, environment: dict[str, str] | None = None, **arguments: Any) -> Order:
    return Order(arguments, environment or {}, f"entries:{entry}")


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    """Whether a process still does something: one that has ended but was not waited for does not."""

    def ask(pid: int) -> bool:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
        return False

    return ask
