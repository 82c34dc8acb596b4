"""TensorBoard: event files by its own writer, charts by its server. It has no run table and takes no points over HTTP."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from bench.peers import workload
from bench.peers.server import DidNotStart, Server, free_port
from bench.peers.tool import Tool
from bench.peers.wire import Request, Wire
from bench.peers.workload import Columns, Sizes

ROOT = Path(__file__).parent.parent.parent
ALL = 100_000_000
LOAD_TIMEOUT_S = 300.0
NO_TABLE = "has no run table"
NO_WRITES = "takes no points over HTTP"


class TensorBoard(Tool):
    name = "tensorboard"
    title = "TensorBoard"
    most_points = 200_000
    remark = "TensorBoard writes files, buffered and not fsynced, in the process that trains: not over HTTP, and not durable at any known time."
    missing: ClassVar[Mapping[str, str]] = {"eight": NO_WRITES, "small_p99": NO_WRITES, "table": NO_TABLE}

    def start(self, folder: Path) -> Server:
        return self._start(folder, 1000)

    def full_server(self, server: Server) -> Server:
        """One that keeps every point; the other has dropped all but 1,000 of a series."""
        return self._start(server.folder, ALL)

    def _start(self, folder: Path, points: int) -> Server:
        port = free_port()
        sizes: list[str | Path] = ["--samples_per_plugin", f"scalars={points}"]
        command: list[str | Path] = [
            self.environment / "bin" / "tensorboard",
            "--logdir",
            folder / "runs",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            *sizes,
        ]
        server = Server(command, port, "/data/environment", folder, {})
        self._wait_until_loaded(server)
        return server

    def _wait_until_loaded(self, server: Server) -> None:
        """Not a part of its start: it answers at once and reads on."""
        until = time.monotonic() + LOAD_TIMEOUT_S
        runs = len(list((server.folder / "runs").glob("*")))
        with Wire(server.port) as wire:
            while len(wire.ask(Request("GET", "/data/plugin/scalars/tags"))) < runs:
                if time.monotonic() > until:
                    server.stop()
                    raise DidNotStart(f"it had not read its files after {LOAD_TIMEOUT_S:.0f} s")
                time.sleep(0.2)

    def write(self, folder: Path, runs: range, steps: int, metrics: Sequence[str] = workload.METRICS) -> dict[str, Any]:
        """{"spent": seconds of each run, "points"}."""
        numbers = [str(number) for number in (runs.start, len(runs), steps)]
        command: list[str | Path] = [self.environment / "bin" / "python", "-m", "bench.peers.event_files", folder / "runs", *numbers, *metrics]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return dict(json.loads(done.stdout))

    def fill(self, server: Server, sizes: Sizes) -> None:
        """One metric of the four: a server that keeps every point holds them all in memory."""
        self.write(server.folder, range(sizes.chart_runs), sizes.steps, ["loss_train"])
        self.chart_ids = [f"chart{number}" for number in range(sizes.chart_runs)]

    def full(self) -> list[Request]:
        form = urlencode([("tag", "loss_train"), *(("runs", run) for run in self.chart_ids)]).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return [Request("POST", "/data/plugin/scalars/scalars_multirun", form, headers)]

    def sampled(self) -> list[Request]:
        return self.full()

    def values(self, answers: Sequence[bytes], *, sampled: bool) -> list[list[float | None]]:
        shown = json.loads(answers[0])
        return [[value for _, _, value in shown[run]] for run in self.chart_ids]

    def disk_bytes(self, folder: Path) -> int:
        return sum(file.stat().st_size for file in (folder / "runs").rglob("*") if file.is_file())

    def new_run(self, wire: Wire, name: str) -> str:
        raise NotImplementedError(NO_WRITES)

    def batch(self, run: str, first: int, values: Columns) -> Request:
        raise NotImplementedError(NO_WRITES)

    def add_table_run(self, wire: Wire, number: int) -> None:
        raise NotImplementedError(NO_TABLE)

    def table(self, sizes: Sizes) -> list[Request]:
        raise NotImplementedError(NO_TABLE)

    def names(self, answers: Sequence[bytes]) -> list[str]:
        raise NotImplementedError(NO_TABLE)
