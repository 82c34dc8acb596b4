"""What an export costs the API in memory, how fast it is over HTTP, and how long others wait while what was exported is deleted.

python -m bench.export [--points 1000000] [--runs 10000] [--database-url postgresql+psycopg://...]
"""

import argparse
import math
import os
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from bench.first_point import listener, start
from store import projects, runs, series
from store.database import Database, connect
from store.series import Points

BATCH = 100_000
METRICS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    asked = parser.parse_args()
    if asked.database_url:
        os.environ["RUNTWICE_DATABASE_URL"] = asked.database_url
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as folder:
        service, client = start(Path(folder))
        database = connect(asked.database_url or f"sqlite:///{folder}/runtwice.db")
        try:
            measure(client, database, asked.points, asked.runs)
        finally:
            service.terminate()
            service.wait()
            database.close()


def measure(client: httpx.Client, database: Database, points: int, count: int) -> None:
    long, many = fill_long(database, points), fill_many(database, count)
    pid = listener(client)
    idle_mb = memory_mb(pid, "VmRSS")
    print(f"API idle: {idle_mb:.0f} MB resident")
    for what, path, query in (
        (f"points of one run, {points:,} (Parquet)", "/export/points", {"project": "bench/long"}),
        ("the same run as a zip", f"/runs/{long}/export", {}),
        (f"points of {count:,} runs x {METRICS} metrics (Parquet)", "/export/points", {"project": "bench/many"}),
        (f"run table, {count:,} runs (CSV)", "/export/runs", {"project": "bench/many"}),
        (f"run table, {count:,} runs (Parquet)", "/export/runs", {"project": "bench/many", "format": "parquet"}),
    ):
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM starts again from here
        seconds, size_bytes = download(client, path, query)
        peak_mb = memory_mb(pid, "VmHWM")
        print(f"  {what:52} {seconds:6.1f} s  {size_bytes / 1e6:7.1f} MB  {size_bytes / 1e6 / seconds:6.1f} MB/s   peak {peak_mb - idle_mb:+.0f} MB")
    print(f"API afterwards: {memory_mb(pid, 'VmRSS') - idle_mb:+.0f} MB")
    for project, filled in (("bench/long", long), ("bench/many", many)):
        if filled:
            deletion(client, database, project)


def deletion(client: httpx.Client, database: Database, project: str) -> None:
    """Appends of one point, one after another, from the deletion until nothing of it is left."""
    run = client.post("/runs", json={"project": "bench/live", "origin": "client"}).json()["id"]
    quiet = [append(client, run, step) for step in range(100)]
    begun = time.perf_counter()
    deleted = client.delete(f"/projects/{project}", params={"runs": "true"}).json()
    answered = time.perf_counter() - begun
    waits, step = [], 100
    while not is_purged(database):
        waits.append(append(client, run, step))
        step += 1
    seconds = time.perf_counter() - begun
    print(f"deleting {project}, {sum(deleted['rows'].values()):,} rows: answered after {answered:.2f} s, purged after {seconds:.1f} s")
    print(f"  an append meanwhile: p50 {ms(waits, 0.5):.0f}, p99 {ms(waits, 0.99):.0f}, max {ms(waits, 1):.0f} ms (before: p50 {ms(quiet, 0.5):.0f})")


def append(client: httpx.Client, run: str, step: int) -> float:
    begun = time.perf_counter()
    client.post(f"/runs/{run}/points", json={"steps": [step], "metrics": {"loss": [0.5]}}).raise_for_status()
    return time.perf_counter() - begun


def is_purged(database: Database) -> bool:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM runs WHERE project_id = 'trash'").scalar() == 0


def ms(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000 if seconds else math.nan


def download(client: httpx.Client, path: str, query: dict[str, str]) -> tuple[float, int]:
    """Seconds and bytes of all files, by their cursors."""
    begun, size_bytes, cursor = time.perf_counter(), 0, ""
    while True:
        with client.stream("GET", path, params={**query, **({"cursor": cursor} if cursor else {})}, timeout=600.0) as answer:
            answer.raise_for_status()
            size_bytes += sum(map(len, answer.iter_raw()))
        cursor = answer.headers.get("Next-Cursor", "")
        if not cursor:
            return time.perf_counter() - begun, size_bytes


def fill_long(database: Database, points: int) -> str:
    values = np.random.default_rng(0).standard_normal(points)
    with database.begin() as session:
        run_id = runs.add_client(session, projects.find_or_add(session, "bench", "long"), {}, name="long").id
    for begin in range(0, points, BATCH):
        part = slice(begin, min(begin + BATCH, points))
        steps = np.arange(part.start, part.stop)
        with database.begin() as session:
            series.append(session, run_id, Points(steps, 1.79e9 + steps / 100, {"loss": values[part]}))
    end(database, [run_id])
    return run_id


def fill_many(database: Database, count: int) -> int:
    source = np.random.default_rng(1)
    for begin in range(0, count, 100):
        with database.begin() as session:
            project = projects.find_or_add(session, "bench", "many")
            ids = []
            for number in range(begin, min(begin + 100, count)):
                config = {"seed": number, "optimizer": {f"p{at}": float(value) for at, value in enumerate(source.random(19))}}
                run = runs.add_client(session, project, config, name=f"run {number}", tags=["bench"])
                metrics = {f"metric/{at}": source.standard_normal(100) for at in range(METRICS)}
                series.append(session, run.id, Points(np.arange(100), 1.79e9 + np.arange(100.0), metrics))
                ids.append(run.id)
        end(database, ids)
    return count


def end(database: Database, ids: list[str]) -> None:
    with database.begin() as session:
        for run in runs.get_many(session, ids):
            runs.finish_client(session, run, "finished", None)


def memory_mb(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(what)).split()[1]) / 1024


if __name__ == "__main__":
    main()
