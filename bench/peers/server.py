"""A server of a tool, from its start to its first answer to its end."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import machine
from bench.peers.wire import Refused, Request, Wire

START_TIMEOUT_S = 240.0
END_TIMEOUT_S = 10.0


class DidNotStart(Exception):
    """Says where the server's last words are."""


class Server:
    """`start_s` are the seconds from its start to its first successful answer; `also` are processes that work for it, such as a database's."""

    def __init__(self, command: Sequence[str | Path], port: int, health: str, folder: Path, env: Mapping[str, str], also: Sequence[int] = ()) -> None:
        self.port = port
        self.folder = folder
        self._log = folder / "server.log"
        self._also = tuple(also)
        with self._log.open("ab") as log:
            begun = time.perf_counter()
            self._process = subprocess.Popen(
                [str(part) for part in command], cwd=folder, env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait_for_answer(health, begun + START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        self.start_s = time.perf_counter() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        return machine.tree(self._process.pid, *self._also)

    def cpu_s(self) -> float:
        return machine.cpu_s(self._process.pid, *self._also)

    def settle(self) -> None:
        machine.settle(self._process.pid)

    def stop(self) -> None:
        """It and all that it started have ended."""
        started = {pid: machine.command_of(pid) for pid in machine.tree(self._process.pid)}
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_TIMEOUT_S)
        for pid, command in started.items():
            if command and machine.command_of(pid) == command:  # and no other process with its number
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _wait_for_answer(self, health: str, until: float) -> None:
        while time.perf_counter() < until:
            if self._process.poll() is not None:
                raise DidNotStart(f"it ended with exit code {self._process.returncode}: {last_line(self._log)}")
            with contextlib.suppress(OSError, Refused, http.client.HTTPException), Wire(self.port, 5.0) as wire:
                wire.send(Request("GET", health))
                return
            time.sleep(0.01)
        raise DidNotStart(f"it did not answer within {START_TIMEOUT_S:.0f} s: {last_line(self._log)}")


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "it said nothing")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
