"""A real service, started by `runtwice up` itself on a free port in a temporary folder."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "model": {"kind": "mlp", "hidden": [16]}, "total_iterations": 40, "eval_every": 10}


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without the settings of some other service."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNTWICE_")}
    return {**kept, **{f"RUNTWICE_{name.upper()}": value for name, value in settings.items()}}


@dataclass
class Up:
    """A `runtwice up` that runs, and what it has told so far."""

    process: subprocess.Popen[str]
    data_dir: Path
    told: list[dict[str, Any]]

    def read_until(self, event: str) -> dict[str, Any]:
        """The next such event. Raises AssertionError with the words of an `up` that ended."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for line in self.process.stdout:
            self.told.append(json.loads(line))
            if self.told[-1]["event"] == event:
                return self.told[-1]
        raise AssertionError(f"no {event}: {self.told} {self.process.stderr.read()}")

    @property
    def url(self) -> str:
        return str(next(told["url"] for told in self.told if told["event"] == "ready"))

    def family(self) -> dict[str, int]:
        """Every process it started, children of children too: "name pid" to pid."""
        return {f"{command} {pid}": pid for pid, command in descendants(self.process.pid).items()}

    def child(self, word: str) -> int:
        """The pid of its child whose command line holds the word."""
        return next(pid for pid, command in descendants(self.process.pid).items() if word in command)


def descendants(ancestor: int) -> dict[int, str]:
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: commands[pid] for pid in found - {ancestor}}


@contextmanager
def starting() -> Iterator[Callable[..., Up]]:
    """A function that starts `runtwice up --json` with more arguments; all that still run are stopped at the end."""
    started: list[Up] = []

    def start(data_dir: Path, *arguments: str, ready: bool = True, **settings: str) -> Up:
        command = [sys.executable, "-m", "cli", "up", "--json", "--port", "0", "--data-dir", str(data_dir), *arguments]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        up = Up(subprocess.Popen(command, env=clean_environment(**settings), **pipes), data_dir, [])
        started.append(up)
        if ready:
            up.read_until("ready")
        return up

    yield start
    for up in started:
        up.process.send_signal(signal.SIGTERM)
    for up in started:
        up.process.communicate(timeout=20)


@pytest.fixture(scope="session")
def starting_up() -> Callable[[], AbstractContextManager[Callable[..., Up]]]:
    return starting


@pytest.fixture
def start_up() -> Iterator[Callable[..., Up]]:
    """Starts a service of the test's own: `start_up(data_dir, "--no-worker", slots="2")`."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """The service most tests ask: with a worker, one for all of them."""
    with starting() as start:
        yield start(tmp_path_factory.mktemp("cli") / "data", slots="2")


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without settings of a service; its data folder, in which none runs."""
    for name in [name for name in os.environ if name.startswith("RUNTWICE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RUNTWICE_DATA_DIR", str(tmp_path / "nothing-here"))
    return tmp_path / "nothing-here"


@pytest.fixture
def command(no_service: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs a command in this process, with no service at hand; its output is as wide as what goes into a pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str) -> Answer:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        return Answer(code, printed.out, printed.err)

    return run


@pytest.fixture
def runtwice(service: Up, command: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Runs a command on the machine of the service, which is found by its data folder."""
    monkeypatch.setenv("RUNTWICE_DATA_DIR", str(service.data_dir))
    return command


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(DIGITS))
    return file


@pytest.fixture
def finished_run(runtwice: Callable[..., Answer], config_file: Path) -> dict[str, Any]:
    """A small run that has finished."""
    answer = runtwice("submit", str(config_file), "--wait", "--json")
    assert answer.code == 0, answer.err
    run: dict[str, Any] = answer.json
    return run
