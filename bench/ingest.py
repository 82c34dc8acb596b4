"""How fast points come in over HTTP, durable, against what the machine can do at all; medians of several rounds, ceilings in each.

python -m bench.ingest [--points 1000000] [--rounds 5] [--seconds 10] [--database-url postgresql+psycopg://...]
"""

import argparse
import itertools
import multiprocessing
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import psycopg

from bench.first_point import start

BATCH, METRICS = 250, ("train/loss", "train/accuracy", "lr", "grad/norm")
WRITERS = 8
SMALL_PER_S, SMALL_METRICS, SMALL_RUNS = 300, 10, 20
BARE = """
import orjson
from fastapi import FastAPI, Request
app = FastAPI()
@app.post("/points")
async def points(request: Request) -> dict[str, int]:
    return {"accepted": len(orjson.loads(await request.body())["steps"])}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000, help="values in all, over four metrics")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long small appends come")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    asked = parser.parse_args()
    if asked.database_url:
        os.environ["RUNTWICE_DATABASE_URL"] = asked.database_url
    sent = list(bodies(asked.points))
    with tempfile.TemporaryDirectory(prefix="rt-bench-") as name:
        folder = Path(name)
        service, client = start(folder)
        try:
            rounds = [measured(client, folder, sent, asked) for _ in range(asked.rounds)]
            report({what: statistics.median(each[what] for each in rounds) for what in rounds[0]})
            if not asked.database_url:
                show("disk, bytes per point, checkpointed", disk_bytes(folder) / (2 * asked.points * asked.rounds))
        finally:
            service.terminate()
            service.wait()


def measured(client: httpx.Client, folder: Path, sent: list[bytes], asked: argparse.Namespace) -> dict[str, float]:
    """One round: the ceilings, then the service."""
    values = len(sent) * BATCH * len(METRICS)
    found = {"decoded": bare_decode(folder, sent), "raw": raw_bytea(asked.database_url, sent) if asked.database_url else raw_blobs(folder, sent)}
    spent = post_all(client, new_run(client), sent)
    tenth = max(len(spent) // 10, 1)
    found |= {"one": values / sum(spent), "last": sum(spent[:tenth]) / sum(spent[-tenth:]), "eight": values / together(client, sent)}
    waits, failed = small_appends(client, asked.seconds)
    ordered = sorted(waits)
    return {**found, "p50": statistics.median(ordered) * 1000, "p99": ordered[int(len(ordered) * 0.99)] * 1000, "failed": failed}


def report(found: dict[str, float]) -> None:
    show("ceiling: a bare endpoint that decodes, points/s", found["decoded"])
    show("ceiling: raw blobs of the same chunks, one durable commit a batch", found["raw"])
    show("one writer, points/s", found["one"], f"{found['one'] / found['decoded']:.0%} of decoding, {found['one'] / found['raw']:.0%} of blobs")
    show("  last tenth against the first", found["last"], "(1 is no slower)")
    show(f"{WRITERS} processes, points/s", found["eight"], f"{found['eight'] / found['one']:.2f} of one writer")
    show(f"{SMALL_PER_S} small appends/s: p50 ms", found["p50"], f"p99 {found['p99']:.1f} ms, {found['failed']:g} failed")


def bodies(points: int) -> Iterator[bytes]:
    """JSON bodies of 250 steps of four metrics, 1,000 points each: random doubles, times to the millisecond."""
    source = np.random.default_rng(0)
    for number in range(max(points // (BATCH * len(METRICS)), 1)):
        steps = range(number * BATCH, (number + 1) * BATCH)
        times = [round(1.79e9 + step * 0.01 + source.random() * 0.005, 3) for step in steps]
        yield orjson.dumps({"steps": list(steps), "times": times, "metrics": {name: source.random(BATCH).tolist() for name in METRICS}})


def new_run(client: httpx.Client) -> str:
    return str(client.post("/runs", json={"project": "bench", "origin": "client"}).json()["id"])


def post_all(client: httpx.Client, run: str, sent: list[bytes]) -> list[float]:
    """Seconds of each request."""
    address = (client.base_url.host, client.base_url.port or 80)
    return _posted(address, f"/api/v1/runs/{run}/points", {**_headers(client)}, sent)


def _headers(client: httpx.Client) -> dict[str, str]:
    return {"Authorization": client.headers["Authorization"], "Content-Type": "application/json"}


def _posted(address: tuple[str, int], path: str, headers: dict[str, str], sent: list[bytes]) -> list[float]:
    connection, spent = HTTPConnection(*address), []
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for body in sent:
        begun = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        spent.append(time.perf_counter() - begun)
    connection.close()
    return spent


def together(client: httpx.Client, sent: list[bytes]) -> float:
    """Seconds until eight processes, each with a run of its own, have sent an eighth each."""
    address = (client.base_url.host, client.base_url.port or 80)
    jobs = [(address, f"/api/v1/runs/{new_run(client)}/points", _headers(client), sent[place::WRITERS]) for place in range(WRITERS)]
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        pool.map(abs, range(WRITERS * 4))  # all are awake
        begun = time.perf_counter()
        pool.starmap(_posted, jobs, chunksize=1)
        return time.perf_counter() - begun


def small_appends(client: httpx.Client, seconds: float) -> tuple[list[float], int]:
    """Seconds from when each append was due to its answer, whether or not those before it were done; and how many failed."""
    ids, local = [new_run(client) for _ in range(SMALL_RUNS)], threading.local()
    failed = itertools.count()

    def append(number: int) -> float:
        due = begun + number / SMALL_PER_S
        time.sleep(max(0.0, due - time.perf_counter()))
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection(client.base_url.host, client.base_url.port)
            local.connection.connect()
            local.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = orjson.dumps({"steps": [number], "metrics": {f"m{i}": [number / 7 + i] for i in range(SMALL_METRICS)}})
        local.connection.request("POST", f"/api/v1/runs/{ids[number % SMALL_RUNS]}/points", body, _headers(client))
        answer = local.connection.getresponse()
        answer.read()
        if answer.status != 200:
            next(failed)
        return time.perf_counter() - due

    with ThreadPoolExecutor(32) as pool:
        begun = time.perf_counter() + 0.5
        waits = list(pool.map(append, range(int(seconds * SMALL_PER_S))))
    return waits, next(failed)


def bare_decode(folder: Path, sent: list[bytes]) -> float:
    """Points/s of a FastAPI endpoint that does nothing but decode the same bodies."""
    (folder / "bare_endpoint.py").write_text(BARE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bare_endpoint:app",
        "--port",
        str(port),
        "--loop",
        "uvloop",
        "--no-access-log",
        "--log-level",
        "error",
    ]
    server = subprocess.Popen(command, cwd=folder)
    try:
        while True:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        return len(sent) * BATCH * len(METRICS) / sum(_posted(("127.0.0.1", port), "/points", {"Content-Type": "application/json"}, sent))
    finally:
        server.terminate()
        server.wait()


def raw_blobs(folder: Path, sent: list[bytes]) -> float:
    """Points/s of one row for each metric of a batch, 2,000 bytes of it, one durable transaction a batch."""
    database = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE blobs (run TEXT, metric TEXT, first INTEGER, data BLOB)"):
        database.execute(statement)
    rows = blob_rows(sent)
    begun = time.perf_counter()
    for batch in rows:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO blobs VALUES (?, ?, ?, ?)", batch)
        database.execute("COMMIT")
    seconds = time.perf_counter() - begun
    database.close()
    (folder / "raw.db").unlink()
    return len(sent) * BATCH * len(METRICS) / seconds


def raw_bytea(url: str, sent: list[bytes]) -> float:
    """The same in PostgreSQL, in a table of its own."""
    with psycopg.connect(url.replace("+psycopg", "")) as database:
        database.execute("DROP TABLE IF EXISTS bench_blobs")
        database.execute("CREATE TABLE bench_blobs (run text, metric text, first bigint, data bytea, PRIMARY KEY (run, metric, first))")
        database.commit()
        rows = blob_rows(sent)
        begun = time.perf_counter()
        for batch in rows:
            with database.cursor() as cursor:
                cursor.executemany("INSERT INTO bench_blobs VALUES (%s, %s, %s, %b)", batch)
            database.commit()
        seconds = time.perf_counter() - begun
        database.execute("DROP TABLE bench_blobs")
        return len(sent) * BATCH * len(METRICS) / seconds


def blob_rows(sent: list[bytes]) -> list[list[tuple[Any, ...]]]:
    found: list[list[tuple[Any, ...]]] = []
    for number, body in enumerate(sent):
        found.append([("run", name, number, np.array(column).tobytes()) for name, column in orjson.loads(body)["metrics"].items()])
    return found


def disk_bytes(folder: Path) -> int:
    """The database file's size with its log written back."""
    with sqlite3.connect(folder / "runtwice.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "runtwice.db").stat().st_size


def show(what: str, figure: float, more: str = "") -> None:
    print(f"{what:58} {figure:12,.{0 if figure >= 1000 else 2}f}   {more}", flush=True)


if __name__ == "__main__":
    main()
