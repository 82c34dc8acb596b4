"""Whole worker processes with a database and a broker of their own, to be treated badly."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from servers import Valkey, wait_until

from store import checkpoints, lifecycle, projects, runs, series
from store.database import Database, connect
from store.tables import Attempt, Run
from trainer.config import RunConfig
from worker.enqueue import TrainingQueue

LEASE_S = 2.0
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Worker:
    """A `python -m worker` that has said it is ready."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def server_pid(self) -> int:
        """Its fork server."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
        return next(pid for pid in children if "worker.forkserver" in Path(f"/proc/{pid}/cmdline").read_text())

    @property
    def training_pids(self) -> list[int]:
        pid = self.server_pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@dataclass
class Service:
    """A database and a broker."""

    db: Database
    url: str
    valkey: Valkey
    queue: TrainingQueue

    def submit(self, **config: Any) -> Run:
        """A queued run for which the bell was rung."""
        whole = RunConfig.model_validate({"dataset": {"name": "digits"}, "batch_size": 64, "device": "cpu", **config})
        with self.db.begin() as session:
            run = runs.add_managed(session, projects.find_or_add(session, "team", "chaos"), whole, name="a run")
        self.queue.ring(run.id, "cpu")
        return run

    def now(self, run: Run) -> Run:
        with self.db.read() as session:
            return runs.get(session, run.id)

    def attempts(self, run: Run) -> list[Attempt]:
        with self.db.read() as session:
            return lifecycle.attempts(session, run.id)

    def points(self, run: Run) -> dict[str, list[tuple[int, str]]]:
        """Every metric's points, values by their bits."""
        with self.db.read() as session:
            columns = {name: series.read(session, run.id, name) for name in series.metric_names(session, run.id) if not name.startswith("system/")}
        return {name: [(int(s), float(v).hex()) for s, v in zip(c.steps, c.values, strict=True)] for name, c in columns.items()}

    def checkpoints(self, run: Run) -> list[int]:
        """The steps from which the run could go on."""
        with self.db.read() as session:
            return [each.step for each in checkpoints.of_run(session, run.id)]

    def wait_for_step(self, run: Run, step: int) -> None:
        wait_until(lambda: (self.now(run).step or -1) >= step, 60, f"step {step}")

    def wait_for_end(self, *waited: Run) -> None:
        wait_until(lambda: all(self.now(run).is_terminal for run in waited), 110, "the runs to end")


@pytest.fixture
def service(sqlite_url: str, valkey: Valkey) -> Iterator[Service]:
    db = connect(sqlite_url)
    yield Service(db, sqlite_url, valkey, TrainingQueue(valkey.url))
    db.close()


@contextlib.contextmanager
def starting(service: Service, folder: Path) -> Iterator[Callable[..., Worker]]:
    """A function that starts workers of the service, which are killed in the end."""
    started: list[Worker] = []

    def start(node: str = "n1", **settings: object) -> Worker:
        ours = {"database_url": service.url, "broker_url": service.valkey.url, "data_dir": folder / "data", "node": node, "slots": 1}
        quick = {"lease_s": LEASE_S, "reap_every_s": 0.2}
        variables = {f"RUNTWICE_{name.upper()}": str(value) for name, value in {**ours, **quick, **settings}.items()}
        log = folder / f"{node}-{len(started)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env={**os.environ, **variables}, stderr=file)
        started.append(Worker(process, log))
        wait_until(lambda: "worker ready" in log.read_text() or process.poll() is not None, 60, "the worker")
        assert process.poll() is None, log.read_text()
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            worker.process.kill()
            worker.process.wait()


@pytest.fixture
def start_worker(service: Service, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """start_worker("n1") is a worker with one slot on node n1; keyword arguments are further settings."""
    with starting(service, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def standing(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Worker]]:
    """A service and its worker n7 with three slots, for the tests of a file that leave the worker running."""
    folder, valkey = tmp_path_factory.mktemp("standing"), Valkey()
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'runtwice.db')}"
    db = connect(url)
    service = Service(db, url, valkey, TrainingQueue(valkey.url))
    try:
        valkey.start()
        with starting(service, folder) as start:
            yield service, start("n7", slots=3)
    finally:
        valkey.stop()
        db.close()
