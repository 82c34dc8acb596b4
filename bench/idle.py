"""What the whole embedded service takes when it does nothing, and how long it takes to come up, on a new data folder and on one that is there.

python -m bench.idle [--starts 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench import machine
from bench.peers.server import free_port

TORCH = "worker.forkserver"
PARTS = {
    "worker.forkserver": "torch child of the worker",
    "-m worker": "worker",
    "-m api": "API",
    "valkey-server": "broker",
    "redis-server": "broker",
}


@dataclass(frozen=True)
class Start:
    """Seconds from the start of `runtwice up` until /readyz answered 200, and until it said that API, broker and worker are there."""

    answered_s: float
    ready_s: float


@dataclass(frozen=True)
class Part:
    name: str
    memory: machine.Memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    with tempfile.TemporaryDirectory(prefix="rt-idle-") as folder:
        new = [started(Path(folder) / str(number))[0] for number in range(starts)]
        parts: list[Part] = []
        again = []
        for _ in range(starts):
            start, parts = started(Path(folder) / "0")
            again.append(start)
    print(machine.description())
    show_starts("a new data folder", new)
    show_starts("a data folder that is there", again)
    show_memory(parts)


def started(folder: Path) -> tuple[Start, list[Part]]:
    """How long a start took, and what its processes held once they were idle; it is stopped."""
    machine.wait_until_quiet(10.0)
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "cli", "up", "--json", "--data-dir", folder, "--port", str(port)]
    begun = time.perf_counter()
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean(os.environ))
    try:
        answered: list[float] = []
        asking = threading.Thread(target=lambda: answered.append(first_answer(port, service) - begun))
        asking.start()
        assert service.stdout is not None
        if not any(json.loads(line)["event"] == "ready" for line in service.stdout):
            raise RuntimeError("runtwice up did not come up; its words are above")
        ready = time.perf_counter() - begun
        asking.join()
        machine.settle(service.pid)
        return Start(answered[0], ready), [Part(name_of(pid, service.pid), machine.memory([pid])) for pid in machine.tree(service.pid)]
    finally:
        service.terminate()
        service.wait()


def first_answer(port: int, service: "subprocess.Popen[str]") -> float:
    """When /readyz answered 200, or the service had ended."""
    while service.poll() is None:
        with suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5.0)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                break
        time.sleep(0.01)
    return time.perf_counter()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the settings of some other service."""
    return {name: value for name, value in environment.items() if not name.startswith("RUNTWICE_")}


def name_of(pid: int, supervisor: int) -> str:
    command = machine.command_of(pid)
    return "supervisor" if pid == supervisor else next((name for word, name in PARTS.items() if word in command), command[:60])


def show_starts(where: str, starts: list[Start]) -> None:
    for what, seconds in (("first answer", [start.answered_s for start in starts]), ("ready", [start.ready_s for start in starts])):
        print(f"{where}, {what:12}: median of {len(starts)} {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


def show_memory(parts: list[Part]) -> None:
    for part in parts:
        print(f"  {part.name:28} resident {part.memory.rss_mb:6.0f} MB   shared pages in parts {part.memory.pss_mb:6.0f} MB")
    for what, counted in (("all", parts), ("all but the torch child", [part for part in parts if part.name != PARTS[TORCH]])):
        rss, pss = (sum(values) for values in zip(*((part.memory.rss_mb, part.memory.pss_mb) for part in counted), strict=True))
        print(f"  {what:28} resident {rss:6.0f} MB   shared pages in parts {pss:6.0f} MB")


if __name__ == "__main__":
    main()
