"""How long a warm service takes from the request to the first point that can be read back: 30 small runs, one after another.

python -m bench.first_point [--runs 30]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from bench import machine

CONFIG = {"dataset": {"name": "digits"}, "total_iterations": 100, "batch_size": 64}
POLL_S = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        service, client = start(Path(folder))
        try:
            seconds = [first_point(client, seed) for seed in range(runs + 1)][1:]  # the first one warms the worker
            api_mb = idle_mb(client)
        finally:
            service.terminate()
            service.wait()
    ordered = sorted(seconds)
    print(f"submit to first point, {runs} runs of digits, batch 64, warm worker:")
    print(f"  p50 {statistics.median(ordered) * 1000:.0f} ms   p90 {ordered[int(runs * 0.9)] * 1000:.0f} ms   max {ordered[-1] * 1000:.0f} ms")
    print(f"API process, resident: {api_mb:.0f} MB")


def start(folder: Path) -> tuple[subprocess.Popen[str], httpx.Client]:
    """A running `runtwice up` on a free port that has come to rest, and a client for it."""
    command = [Path(sys.executable).parent / "runtwice", "up", "--data-dir", folder, "--port", "0"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"})
    assert service.stdout is not None
    url = next(word for line in service.stdout for word in line.split() if word.startswith("http://")).split("/login")[0]
    key = (folder / "admin.key").read_text().strip()
    client = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30.0)
    while not (client.get(f"{url}/readyz").is_success and client.get("/nodes").json()["items"]):
        time.sleep(0.05)
    machine.settle(service.pid)  # the worker is known before it has loaded torch
    return service, client


@contextmanager
def serving(database_url: str | None) -> Iterator[tuple[Path, httpx.Client, str]]:
    """A data folder, a client and the database's URL of a service that runs meanwhile; on an empty PostgreSQL database, or on SQLite."""
    if database_url:
        os.environ["RUNTWICE_DATABASE_URL"] = database_url
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        service, client = start(Path(folder))
        try:
            yield Path(folder), client, database_url or f"sqlite:///{folder}/runtwice.db"
        finally:
            service.terminate()
            service.wait()


def first_point(client: httpx.Client, seed: int) -> float:
    """Seconds until the first point of a run submitted now can be read; returns once the run has ended."""
    begun = time.perf_counter()
    run = client.post("/runs", json={"project": "bench", "config": {**CONFIG, "seed": seed}}).json()["id"]
    while client.get("/series", params={"run": run, "metric": "train/loss"}).json()["series"][0]["count"] == 0:
        time.sleep(POLL_S)
    seconds = time.perf_counter() - begun
    while client.get(f"/runs/{run}").json()["state"] not in ("finished", "failed", "cancelled"):
        time.sleep(POLL_S)
    return seconds


def idle_mb(client: httpx.Client) -> float:
    """Resident megabytes of the process that listens on the client's port."""
    status = Path(f"/proc/{listener(client)}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def listener(client: httpx.Client) -> int:
    """The process that listens on the client's port."""
    port = client.base_url.port
    inode = next(
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if int(line.split()[1].split(":")[1], 16) == port and line.split()[3] == "0A"
    )
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) == f"socket:[{inode}]":
                return int(link.parent.parent.name)
    raise RuntimeError(f"nobody listens on port {port}")


if __name__ == "__main__":
    main()
