"""A nursery whose children do what tests/worker/entries.py says, and words to ask about processes with."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attempts
import pytest

from store import projects, runs
from store.artifacts import ArtifactFiles
from store.checkpoint_files import LocalFiles
from store.database import Database
from store.lifecycle import Claim
from store.tables import Run
from trainer.config import RunConfig
from worker.child import Order
from worker.children import Child, Happening
from worker.enqueue import TrainingQueue
from worker.nursery import Nursery
from worker.supervise import Shop

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


@pytest.fixture(scope="session")
def torch_nursery() -> Iterator[Nursery]:
    """One whose children train; none of these tests kills its server."""
    nursery = Nursery()
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


@pytest.fixture
def make_run(database: Database) -> Callable[..., Run]:
    """make_run(seed=3) is a queued run of 20 steps on digits."""

    def make(**config: Any) -> Run:
        whole = RunConfig.model_validate({"dataset": {"name": "digits"}, "total_iterations": 20, "eval_every": 5, "device": "cpu", **config})
        with database.begin() as session:
            return runs.add_managed(session, projects.find_or_add(session, "team", "digits"), whole, name="a run")

    return make


@pytest.fixture
def make_shop(database: Database, nursery: Nursery, tmp_path: Path) -> Callable[..., Shop]:
    """make_shop("train_for_ever") is a shop whose children do that instead of training."""

    def make(entry: str, **settings: Any) -> Shop:
        scratch, files = tmp_path / "scratch", ArtifactFiles(tmp_path / "artifacts")
        scratch.mkdir(exist_ok=True)
        kept = LocalFiles(tmp_path / "checkpoints")
        defaults = {
            "checkpoint_files": kept,
            "queue": TrainingQueue(""),
            "nursery": nursery,
            "threads": 0,
            "max_attempts": 3,
        }
        entry = entry if ":" in entry else f"entries:{entry}"
        return Shop(db=database, files=files, scratch=scratch, entry=entry, **{**defaults, **settings})

    return make


@pytest.fixture
def claim(database: Database) -> Callable[..., Claim]:
    """claim(run) is the next attempt at it, on node n1."""

    def take(run: Run, lease_s: float = 15.0) -> Claim:
        return attempts.claim(database, "n1", run, lease_s)

    return take


@pytest.fixture
def now_is(database: Database) -> Callable[[Run], Run]:
    """now_is(run) is its row as it stands now."""

    def look(run: Run) -> Run:
        with database.read() as session:
            return runs.get(session, run.id)

    return look
