"""The whole service as processes of its own: API, workers and broker, started and stopped by the test that needs them."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from servers import NO_TLS, Valkey, free_port, wait_until

from store import keys, migrate
from store.database import connect

ROOT = Path(__file__).parent.parent
DIGITS: dict[str, Any] = {"dataset": {"name": "digits"}, "total_iterations": 200, "batch_size": 64}
TERMINAL = {"finished", "failed", "cancelled"}


class Service:
    """An API on a free port and workers by name; `client` is an admin's, based at /api/v1."""

    def __init__(self, folder: Path, database_url: str, valkey: Valkey, **settings: str) -> None:
        self.folder, self.valkey, self.port = folder, valkey, free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        migrate.upgrade(database_url)
        self.database = connect(database_url)
        with self.database.begin() as session:
            _, self.key = keys.mint(session, "test", "admin")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RUNTWICE_")},
            "RUNTWICE_DATA_DIR": str(folder),
            "RUNTWICE_DATABASE_URL": database_url,
            "RUNTWICE_BROKER_URL": valkey.url,
            "RUNTWICE_PORT": str(self.port),
            "RUNTWICE_LEASE_S": "3",
            "RUNTWICE_REAP_EVERY_S": "0.3",
            **settings,
        }
        headers = {"Authorization": f"Bearer {self.key}"}
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", headers=headers, timeout=60.0, verify=NO_TLS)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_api(self) -> None:
        self._start("api", "api", {})
        wait_until(self._is_ready, 60.0, f"the API: {self.folder / 'api.log'}")

    def start_worker(self, name: str = "a", **settings: str) -> None:
        self._start(name, "worker", {"RUNTWICE_NODE": name, "RUNTWICE_SLOTS": "1", **settings})
        wait_until(lambda: self._is_registered(name), 60.0, f"worker {name}: {self.folder / f'{name}.log'}")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        self.client.close()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.database.close()

    def submit(self, config: dict[str, Any] | None = None, **fields: Any) -> str:
        answer = self.client.post("/runs", json={"project": "team/digits", "config": {**DIGITS, **(config or {})}, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, run_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """The run once it is terminal."""
        wait_until(lambda: self.run(run_id)["state"] in TERMINAL, timeout_s, f"run {run_id} to end")
        return self.run(run_id)

    def at_step(self, run_id: str, step: int) -> None:
        """Returns once the run has reported that step."""
        wait_until(lambda: (self.run(run_id)["progress"]["step"] or 0) >= step or self.run(run_id)["state"] in TERMINAL, 60.0, f"step {step}")

    def series(self, run_id: str) -> dict[str, Any]:
        """Every point of the run outside system/, by metric."""
        metrics = [name for name in self.run(run_id)["metrics"] if not name.startswith("system/")]
        found = self.client.get("/series", params={"run": run_id, "metric": metrics, "points": "all"}).json()["series"]
        return {curve["metric"]: (curve["steps"], curve["values"]) for curve in found}

    def _start(self, name: str, module: str, settings: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, env={**self.env, **settings}, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _is_ready(self) -> bool:
        assert self.processes["api"].poll() is None, (self.folder / "api.log").read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", verify=NO_TLS).status_code == 200
        return False

    def _is_registered(self, name: str) -> bool:
        assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()
        known = {node["name"]: node for node in self.client.get("/nodes").json()["items"]}
        return name in known and known[name]["alive"]


def processes_below(pid: int) -> set[int]:
    """The pids of a process's descendants."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                child = int(status.parent.name)
                found |= {child} | processes_below(child)
    return found


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False
