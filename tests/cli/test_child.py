"""One process of the embedded service: its end, its log, its leash."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import wait_until

from cli import child as child_module
from cli.child import Child

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], Child]:
    return lambda code: Child("test", [sys.executable, "-c", code], dict(os.environ), tmp_path / "test.log")


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class TestChild:
    def test_tells_how_it_ended(self, python: Callable[[str], Child]) -> None:
        failing = python("raise SystemExit(3)")
        failing.start()
        wait_until(lambda: not failing.is_running)

        assert failing.ending() == "exit code 3"

    def test_names_the_signal_that_ended_it(self, python: Callable[[str], Child]) -> None:
        sleeping = python(SLEEP)
        sleeping.start()
        os.kill(sleeping.pid, signal.SIGKILL)
        wait_until(lambda: not sleeping.is_running)

        assert sleeping.ending() == "signal 9 (SIGKILL)"

    def test_keeps_its_words_in_its_log(self, python: Callable[[str], Child]) -> None:
        talking = python("print('first'); print('last')")
        talking.start()
        wait_until(lambda: not talking.is_running)

        assert talking.log_tail(1) == "last"
        assert talking.log.stat().st_mode & 0o777 == 0o600

    def test_that_waits_begins_when_it_is_released_and_waits_no_more(self, tmp_path: Path) -> None:
        code = "import sys; print('loaded', flush=True); sys.stdin.read(); print('begun')"
        waiting = Child("test", [sys.executable, "-c", code], dict(os.environ), tmp_path / "test.log", waits=True)
        waiting.start()
        wait_until(lambda: waiting.log_tail() == "loaded")

        waiting.release()
        wait_until(lambda: not waiting.is_running)
        assert waiting.log_tail() == "loaded\nbegun"

        waiting.start()
        wait_until(lambda: not waiting.is_running)
        assert waiting.ending() == "exit code 0"

    def test_takes_its_own_children_along(self, python: Callable[[str], Child]) -> None:
        parent = python(f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', '{SLEEP}']).pid, flush=True); {SLEEP}")
        parent.start()
        wait_until(lambda: parent.log_tail(1))
        grandchild = int(parent.log_tail(1))

        parent.kill_group()

        wait_until(lambda: not is_alive(grandchild))
        assert not parent.is_running

    def test_a_log_that_grew_too_long_is_put_aside(self, python: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child_module, "LOG_LIMIT_BYTES", 100)
        talking = python("print('x' * 200)")
        talking.start()
        wait_until(lambda: not talking.is_running)

        talking.trim_log()

        assert talking.log.stat().st_size == 0
        assert talking.log.with_suffix(".log.1").stat().st_size == 201

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
    def test_dies_with_a_parent_that_is_killed(self, tmp_path: Path) -> None:
        code = (
            "import os, sys, time; from pathlib import Path; from cli.child import Child;"
            f"child = Child('c', [sys.executable, '-c', '{SLEEP}'], dict(os.environ), Path({str(tmp_path / 'log')!r}));"
            "child.start(); print(child.pid, flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            parent.kill()

        wait_until(lambda: not is_alive(pid))
